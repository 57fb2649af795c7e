/* A classification tree (Gini, best split) on columns that are sorted once, as tree.rs grows it. */
#include "common.h"

struct entry { float value; uint32_t row_and_class; };
struct node { long feature; double threshold; long children[2]; int64_t class; };
struct grower { struct entry **orders, *spare; unsigned char *left; long columns, classes, count, room; struct node *nodes; };

static struct entry *sorted(const double *x, const int64_t *y, long n, long columns, long j) {
    uint64_t *keys = malloc(2 * n * sizeof(uint64_t)), *other = keys + n, *kept = keys;
    for (long i = 0; i < n; i++) {
        float value = (float)x[i * columns + j];
        uint32_t bits;
        memcpy(&bits, &value, 4);
        bits = bits >> 31 ? ~bits : bits | 1u << 31;
        keys[i] = (uint64_t)bits << 32 | (uint64_t)i << 8 | (uint64_t)y[i];
    }
    for (int shift = 32; shift < 64; shift += 11) {
        long starts[2048] = {0}, total = 0;
        for (long i = 0; i < n; i++) starts[keys[i] >> shift & 2047]++;
        for (int b = 0; b < 2048; b++) {
            long count = starts[b];
            starts[b] = total;
            total += count;
        }
        for (long i = 0; i < n; i++) other[starts[keys[i] >> shift & 2047]++] = keys[i];
        uint64_t *swap = keys;
        keys = other;
        other = swap;
    }
    struct entry *order = malloc(n * sizeof(struct entry));
    for (long i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)(keys[i] >> 32);
        bits = bits >> 31 ? bits & ~(1u << 31) : ~bits;
        memcpy(&order[i].value, &bits, 4);
        order[i].row_and_class = (uint32_t)keys[i];
    }
    free(kept);
    return order;
}

static double best_split(const struct entry *order, long n, const double *counts, long classes, long *place) {
    double left[256] = {0}, right[256] = {0}, left_squares = 0, right_squares = 0, best = -INFINITY;
    for (long c = 0; c < classes; c++) right[c] = counts[c], right_squares += counts[c] * counts[c];
    for (long i = 0; i < n - 1; i++) {
        long class = order[i].row_and_class & 255;
        left_squares += 2 * left[class] + 1;
        right_squares -= 2 * right[class] - 1;
        left[class] += 1;
        right[class] -= 1;
        if (order[i + 1].value > order[i].value + 1e-7f) {
            double score = left_squares / (double)(i + 1) + right_squares / (double)(n - i - 1);
            if (score > best) best = score, *place = i + 1;
        }
    }
    return best;
}

static void part(struct entry *order, long n, const unsigned char *left, struct entry *spare) {
    long kept = 0, moved = 0;
    for (long i = 0; i < n; i++) {
        struct entry e = order[i];
        long goes = left[e.row_and_class >> 8];
        order[kept] = e;
        spare[moved] = e;
        kept += goes;
        moved += 1 - goes;
    }
    memcpy(order + kept, spare, moved * sizeof(struct entry));
}

static long grow(struct grower *g, long start, long end, long depth) {
    double counts[256] = {0}, best = -INFINITY;
    for (long i = start; i < end; i++) counts[g->orders[0][i].row_and_class & 255] += 1;
    long class = 0, number = g->count++, feature = 0, middle = 0;
    for (long c = 0; c < g->classes; c++) class = counts[c] > counts[class] ? c : class;
    if (g->count > g->room) g->nodes = realloc(g->nodes, (g->room *= 2) * sizeof(struct node));
    g->nodes[number] = (struct node){-1, 0, {0, 0}, class};
    if (depth == 0 || counts[class] == (double)(end - start)) return number;
    for (long j = 0; j < g->columns; j++) {
        long place = 0;
        double score = best_split(g->orders[j] + start, end - start, counts, g->classes, &place);
        if (score > best) best = score, feature = j, middle = start + place;
    }
    if (best == -INFINITY) return number;
    double threshold = (double)g->orders[feature][middle - 1].value / 2 + (double)g->orders[feature][middle].value / 2;
    for (long i = start; i < end; i++) g->left[g->orders[feature][i].row_and_class >> 8] = i < middle;
    for (long j = 0; j < g->columns; j++)
        if (j != feature) part(g->orders[j] + start, end - start, g->left, g->spare);
    long left = grow(g, start, middle, depth - 1), right = grow(g, middle, end, depth - 1);
    g->nodes[number] = (struct node){feature, threshold, {left, right}, class};
    return number;
}

void tree(const double *x, const int64_t *y, long n, long columns, long depth, const double *test, long tests, int64_t *out) {
    struct grower g = {malloc(columns * sizeof(void *)), malloc(n * sizeof(struct entry)), malloc(n), columns, 0, 0, 64, NULL};
    g.nodes = malloc(g.room * sizeof(struct node));
    for (long i = 0; i < n; i++) g.classes = y[i] >= g.classes ? y[i] + 1 : g.classes;
    for (long j = 0; j < columns; j++) g.orders[j] = sorted(x, y, n, columns, j);
    grow(&g, 0, n, depth);
    for (long i = 0; i < tests; i++) {
        const struct node *node = g.nodes;
        while (node->feature >= 0) node = g.nodes + node->children[test[i * columns + node->feature] > node->threshold];
        out[i] = node->class;
    }
    for (long j = 0; j < columns; j++) free(g.orders[j]);
    free(g.orders);
    free(g.spare);
    free(g.left);
    free(g.nodes);
}
