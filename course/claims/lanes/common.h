/* What several jobs share, as common.rs has it: the same tiles, the same sums, the same exp. */
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define LANES 8
typedef double eight __attribute__((vector_size(64), aligned(8)));
typedef int64_t whole8 __attribute__((vector_size(64), aligned(8)));

#if defined(__AVX512F__)
#define MR 8
#define NV 3 /* vectors of eight in a row of the tile */
#else
#define MR 4
#define NV 1
#endif
#define NR (NV * LANES)
#define KC 192
#define MC 128

static inline double sum8(eight v) { return ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7])); }
static inline eight all(double v) { return (eight){v, v, v, v, v, v, v, v}; }

/* Lane by lane: a where the comparison held, b elsewhere. */
static inline eight choose(whole8 held, eight a, eight b) {
    return (eight)((held & (whole8)a) | (~held & (whole8)b));
}

/* exp of eight numbers, exact to two units in the last place; below -708 it gives 3e-308 instead of less. */
static inline eight exp8(eight x) {
    static const double terms[13] = {1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
                                     1.0 / 5040, 1.0 / 720, 1.0 / 120, 1.0 / 24, 1.0 / 6, 0.5, 1.0, 1.0};
    const double shift = 6755399441055744.0;
    x = choose(x < all(-708.0), all(-708.0), x);
    x = choose(x > all(709.0), all(709.0), x);
    eight shifted = x * M_LOG2E + shift;
    eight whole = shifted - shift;
    eight rest = (x - whole * 6.93147180369123816490e-01) - whole * 1.9082149292705877e-10;
    eight p = all(terms[0]);
    for (int i = 1; i < 13; i++) p = p * rest + terms[i];
    whole8 bits = ((whole8)shifted << 52) + (int64_t)(1023LL << 52);
    return p * (eight)bits;
}

/* Do work(context, from, to) on `threads` parts of 0..n, each a multiple of `step` long but the last. */
typedef void (*work_fn)(void *context, long part, long from, long to);
struct part { work_fn work; void *context; long number, from, to; };
static void *run_part(void *p) {
    struct part *part = p;
    part->work(part->context, part->number, part->from, part->to);
    return NULL;
}
static void parallel(long n, long threads, long step, work_fn work, void *context) {
    if (threads < 1) threads = 1;
    long each = ((n + threads - 1) / threads + step - 1) / step * step;
    struct part parts[threads];
    pthread_t ids[threads];
    for (long t = 0; t < threads; t++) {
        long from = t * each < n ? t * each : n, to = (t + 1) * each < n ? (t + 1) * each : n;
        parts[t] = (struct part){work, context, t, from, to};
        if (t + 1 < threads) pthread_create(&ids[t], NULL, run_part, &parts[t]);
    }
    run_part(&parts[threads - 1]);
    for (long t = 0; t + 1 < threads; t++) pthread_join(ids[t], NULL);
}

static inline void pack_rows(const double *rows, long stride, long count, long k, double *panel, long width) {
    for (long p = 0; p < k; p++)
        for (long i = 0; i < width; i++) panel[p * width + i] = i < count ? rows[i * stride + p] : 0.0;
}

/* One tile of a product: a is a panel k × MR, b a panel k × NR. */
static inline __attribute__((always_inline)) void tile(const double *a, const double *b, long k, eight out[MR][NV]) {
    eight c[MR][NV];
#pragma GCC unroll 8
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 3
        for (int j = 0; j < NV; j++) c[i][j] = all(0.0);
    for (long p = 0; p < k; p++, a += MR, b += NR) {
        eight bv[NV];
#pragma GCC unroll 3
        for (int j = 0; j < NV; j++) bv[j] = *(const eight *)(b + j * LANES);
#pragma GCC unroll 8
        for (int i = 0; i < MR; i++) {
            eight av = all(a[i]);
#pragma GCC unroll 3
            for (int j = 0; j < NV; j++) c[i][j] += av * bv[j];
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < MR; i++)
#pragma GCC unroll 3
        for (int j = 0; j < NV; j++) out[i][j] = c[i][j];
}

/* Pack all rows of a matrix (n × d) into panels d × NR, one after the other. */
static double *panels(const double *rows, long n, long d) {
    double *packed = malloc(((n + NR - 1) / NR) * NR * d * sizeof(double));
    for (long i = 0; i < n; i += NR)
        pack_rows(rows + i * d, d, n - i < NR ? n - i : NR, d, packed + i * d, NR);
    return packed;
}

/* out (m × n) = a (m × k) · b (k × n), all row-major, on one thread. */
static void product(const double *a, const double *b, double *out, long m, long k, long n) {
    double *packed_a = malloc(MC * KC * sizeof(double));
    double *packed_b = malloc(KC * ((n + NR - 1) / NR) * NR * sizeof(double));
    for (long from = 0; from < k; from += KC) {
        long depth = k - from < KC ? k - from : KC;
        for (long column = 0; column < n; column += NR) {
            long count = n - column < NR ? n - column : NR;
            double *panel = packed_b + column * depth;
            for (long p = 0; p < depth; p++) {
                memcpy(panel + p * NR, b + (from + p) * n + column, count * sizeof(double));
                for (long j = count; j < NR; j++) panel[p * NR + j] = 0.0;
            }
        }
        for (long row = 0; row < m; row += MC) {
            long rows = m - row < MC ? m - row : MC;
            for (long i = 0; i < rows; i += MR)
                pack_rows(a + (row + i) * k + from, k, rows - i < MR ? rows - i : MR, depth, packed_a + i * depth, MR);
            for (long column = 0; column < n; column += NR) {
                long columns = n - column < NR ? n - column : NR;
                for (long i = 0; i < rows; i += MR) {
                    eight found[MR][NV];
                    tile(packed_a + i * depth, packed_b + column * depth, depth, found);
                    long count = rows - i < MR ? rows - i : MR;
                    for (long r = 0; r < count; r++) {
                        double *line = out + (row + i + r) * n + column;
                        const double *f = (const double *)found[r];
                        if (from == 0) for (long j = 0; j < columns; j++) line[j] = f[j];
                        else for (long j = 0; j < columns; j++) line[j] += f[j];
                    }
                }
            }
        }
    }
    free(packed_a);
    free(packed_b);
}

/* Sums of products of every two columns, gathered row by row: x'·diag(weight)·x, upper triangle. */
struct gram { long lefts, rights, rows; double *left, *right, *sums; };

static struct gram gram_new(long columns) {
    struct gram g = {(columns + MR - 1) / MR, (columns + NR - 1) / NR, 0, NULL, NULL, NULL};
    g.left = calloc(g.lefts * MR * KC, sizeof(double));
    g.right = calloc(g.rights * NR * KC, sizeof(double));
    g.sums = calloc(g.lefts * MR * g.rights * NR, sizeof(double));
    return g;
}

static void gram_free(struct gram *g) {
    free(g->left);
    free(g->right);
    free(g->sums);
}

static void gram_flush(struct gram *g) {
    long width = g->rights * NR;
    for (long i = 0; i < g->lefts; i++)
        for (long q = 0; q < g->rights; q++) {
            if ((q + 1) * NR <= i * MR) continue; /* all below the diagonal */
            eight found[MR][NV];
            tile(g->left + i * MR * KC, g->right + q * NR * KC, g->rows, found);
            for (long r = 0; r < MR; r++) {
                double *line = g->sums + (i * MR + r) * width + q * NR;
                for (long j = 0; j < NR; j++) line[j] += ((double *)found[r])[j];
            }
        }
    g->rows = 0;
}

/* Add a row with its weight. */
static inline void gram_push(struct gram *g, const double *row, long columns, double weight) {
    for (long i = 0; i < columns; i++) g->left[(i / MR * KC + g->rows) * MR + i % MR] = row[i] * weight;
    for (long q = 0; q * NR < columns; q++) {
        long count = columns - q * NR < NR ? columns - q * NR : NR;
        memcpy(g->right + (q * KC + g->rows) * NR, row + q * NR, count * sizeof(double));
    }
    if (++g->rows == KC) gram_flush(g);
}

static inline double gram_get(const struct gram *g, long j, long k) {
    return g->sums[(j < k ? j : k) * g->rights * NR + (j < k ? k : j)];
}

/* Solve a·x = b in place for a symmetric positive definite matrix (n × n); 0 where it is not. */
static int solve(double *a, double *b, long n) {
    for (long j = 0; j < n; j++) {
        for (long k = 0; k < j; k++) {
            double factor = a[j * n + k];
            for (long i = j; i < n; i++) a[i * n + j] -= a[i * n + k] * factor;
        }
        if (!(a[j * n + j] > 0)) return 0;
        double root = sqrt(a[j * n + j]);
        for (long i = j; i < n; i++) a[i * n + j] /= root;
    }
    for (long i = 0; i < n; i++) {
        double known = 0;
        for (long k = 0; k < i; k++) known += a[i * n + k] * b[k];
        b[i] = (b[i] - known) / a[i * n + i];
    }
    for (long i = n; i-- > 0;) {
        double known = 0;
        for (long k = i + 1; k < n; k++) known += a[k * n + i] * b[k];
        b[i] = (b[i] - known) / a[i * n + i];
    }
    return 1;
}
