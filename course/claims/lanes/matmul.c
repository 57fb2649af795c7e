/* The product of two square matrices, in the tiles of common.h; threads share the rows. */
#include "common.h"

struct job { const double *a, *b; double *out; long n; };

static void rows(void *context, long part, long from, long to) {
    struct job *job = context;
    if (to > from) product(job->a + from * job->n, job->b, job->out + from * job->n, to - from, job->n, job->n);
}

void matmul(const double *a, const double *b, double *out, long n, long threads) {
    struct job job = {a, b, out, n};
    parallel(n, threads, MR, rows, &job);
}

void matmul_plain(const double *a, const double *b, double *restrict out, long n) {
    for (long i = 0; i < n; i++) {
        for (long j = 0; j < n; j++) out[i * n + j] = 0;
        for (long p = 0; p < n; p++)
            for (long j = 0; j < n; j++) out[i * n + j] += a[i * n + p] * b[p * n + j];
    }
}
