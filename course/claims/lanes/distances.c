/* Euclidean distances of every row of a to every row of b, as distances.rs finds them. */
#include "common.h"

#define BLOCK (16 * MR)
struct job { const double *a, *packed, *squares; double *out; long n, d; };

static double square(const double *row, long d) {
    double s = 0;
    for (long j = 0; j < d; j++) s += row[j] * row[j];
    return s;
}

static void rows(void *context, long part, long from, long to) {
    struct job *job = context;
    long n = job->n, d = job->d;
    double *left = malloc(BLOCK * d * sizeof(double)), own[BLOCK];
    for (long start = from; start < to; start += BLOCK) {
        long count = to - start < BLOCK ? to - start : BLOCK;
        for (long i = 0; i < count; i += MR)
            pack_rows(job->a + (start + i) * d, d, count - i < MR ? count - i : MR, d, left + i * d, MR);
        for (long i = 0; i < count; i++) own[i] = square(job->a + (start + i) * d, d);
        for (long column = 0; column < n; column += NR) {
            long width = n - column < NR ? n - column : NR;
            for (long first = 0; first < count; first += MR) {
                eight found[MR][NV];
                tile(left + first * d, job->packed + column * d, d, found);
                for (long i = 0; i < MR && first + i < count; i++) {
                    double *f = (double *)found[i];
                    const double *theirs = job->squares + column;
                    double *out = job->out + (start + first + i) * n + column;
                    for (long j = 0; j < NR; j++) {
                        double squared = (own[first + i] + theirs[j]) - 2 * f[j];
                        f[j] = sqrt(squared > 0 ? squared : 0);
                    }
                    if (width == NR) memcpy(out, f, NR * sizeof(double));
                    else memcpy(out, f, width * sizeof(double));
                }
            }
        }
    }
    free(left);
}

void distances(const double *a, const double *b, double *out, long m, long n, long d, long threads) {
    double *packed = panels(b, n, d), *squares = calloc(n + NR, sizeof(double));
    for (long i = 0; i < n; i++) squares[i] = square(b + i * d, d);
    struct job job = {a, packed, squares, out, n, d};
    parallel(m, threads, MR, rows, &job);
    free(packed);
    free(squares);
}
