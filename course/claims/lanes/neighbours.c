/* The k nearest rows of a table for each query, as neighbours.rs finds them. */
#include "common.h"

#define BLOCK (16 * MR)
struct near { double distance; long index; };
struct job { const double *queries, *packed, *squares; long n, d, k; int64_t *indices; double *lengths; };

static double square(const double *row, long d) {
    double s = 0;
    for (long j = 0; j < d; j++) s += row[j] * row[j];
    return s;
}

static inline void consider(const double *found, const double *theirs, long column, struct near *best, long k) {
    double distance[NR];
    double worst = best[k - 1].distance;
    uint32_t near = 0;
    for (int j = 0; j < NR; j++) distance[j] = theirs[j] - 2 * found[j];
    for (int j = 0; j < NR; j++) near |= (uint32_t)(distance[j] < worst) << j;
    for (; near; near &= near - 1) {
        int j = __builtin_ctz(near);
        if (distance[j] < best[k - 1].distance) {
            long place = k - 1;
            for (; place > 0 && best[place - 1].distance > distance[j]; place--) best[place] = best[place - 1];
            best[place] = (struct near){distance[j], column + j};
        }
    }
}

static void rows(void *context, long part, long from, long to) {
    struct job *job = context;
    long n = job->n, d = job->d, k = job->k;
    double *left = malloc(BLOCK * d * sizeof(double));
    struct near *best = malloc(BLOCK * k * sizeof(struct near));
    for (long start = from; start < to; start += BLOCK) {
        long count = to - start < BLOCK ? to - start : BLOCK;
        for (long i = 0; i < count; i += MR)
            pack_rows(job->queries + (start + i) * d, d, count - i < MR ? count - i : MR, d, left + i * d, MR);
        for (long i = 0; i < count * k; i++) best[i] = (struct near){INFINITY, 0};
        for (long column = 0; column < n; column += NR)
            for (long first = 0; first < count; first += MR) {
                eight found[MR][NV];
                tile(left + first * d, job->packed + column * d, d, found);
                for (long i = 0; i < MR && first + i < count; i++)
                    consider((double *)found[i], job->squares + column, column, best + (first + i) * k, k);
            }
        for (long i = 0; i < count; i++) {
            double own = square(job->queries + (start + i) * d, d);
            for (long j = 0; j < k; j++) {
                double squared = best[i * k + j].distance + own;
                job->lengths[(start + i) * k + j] = sqrt(squared > 0 ? squared : 0);
                job->indices[(start + i) * k + j] = best[i * k + j].index;
            }
        }
    }
    free(left);
    free(best);
}

void neighbours(const double *table, const double *queries, long n, long m, long d, long k, long threads,
                int64_t *indices, double *lengths) {
    double *packed = panels(table, n, d), *squares = malloc((n + NR) * sizeof(double));
    for (long i = 0; i < n; i++) squares[i] = square(table + i * d, d);
    for (long i = n; i < n + NR; i++) squares[i] = INFINITY;
    struct job job = {queries, packed, squares, n, d, k, indices, lengths};
    parallel(m, threads, MR, rows, &job);
    free(packed);
    free(squares);
}
