/* Logistic regression by gradient descent from zero, as logistic_descent.rs does it. */
#include "common.h"

#define WIDE 64
struct job { const double *packed, *weights; long n, d; double *gradients; };

/* A group of WIDE rows: d columns, then the targets, WIDE numbers each. */
static void gradient(void *context, long part, long from, long to) {
    struct job *job = context;
    long d = job->d;
    eight sums[d];
    double last = 0;
    for (long j = 0; j < d; j++) sums[j] = all(0);
    for (long g = from; g < to; g++) {
        const eight *group = (const eight *)(job->packed + g * (d + 1) * WIDE);
        eight z[WIDE / LANES], off[WIDE / LANES];
        for (int q = 0; q < WIDE / LANES; q++) z[q] = all(job->weights[d]);
        for (long j = 0; j < d; j++)
            for (int q = 0; q < WIDE / LANES; q++) z[q] += group[j * (WIDE / LANES) + q] * job->weights[j];
        for (int q = 0; q < WIDE / LANES; q++) off[q] = 1 / (1 + exp8(-z[q])) - group[d * (WIDE / LANES) + q];
        long used = job->n - g * WIDE;
        for (long i = used; i < WIDE; i++) ((double *)off)[i] = 0;
        for (long j = 0; j < d; j++)
            for (int q = 0; q < WIDE / LANES; q++) sums[j] += group[j * (WIDE / LANES) + q] * off[q];
        for (int q = 0; q < WIDE / LANES; q++) last += sum8(off[q]);
    }
    for (long j = 0; j < d; j++) job->gradients[part * (d + 1) + j] = sum8(sums[j]);
    job->gradients[part * (d + 1) + d] = last;
}

void descend(const double *x, const double *y, long n, long d, long rounds, double rate, long threads, double *weights) {
    long groups = (n + WIDE - 1) / WIDE;
    double *packed = calloc(groups * (d + 1) * WIDE, sizeof(double));
    double *gradients = calloc(threads * (d + 1), sizeof(double));
    for (long i = 0; i < n; i++) {
        double *group = packed + i / WIDE * (d + 1) * WIDE + i % WIDE;
        for (long j = 0; j < d; j++) group[j * WIDE] = x[i * d + j];
        group[d * WIDE] = y[i];
    }
    for (long j = 0; j <= d; j++) weights[j] = 0;
    struct job job = {packed, weights, n, d, gradients};
    for (long r = 0; r < rounds; r++) {
        parallel(groups, threads, 1, gradient, &job);
        for (long t = 0; t < threads; t++)
            for (long j = 0; j <= d; j++) weights[j] -= rate / (double)n * gradients[t * (d + 1) + j];
    }
    free(packed);
    free(gradients);
}
