/* Least squares with an intercept, by the normal equations, as least_squares.rs solves them. */
#include "common.h"

struct job { const double *x, *y; long d; struct gram *grams; };

static void gather(void *context, long part, long from, long to) {
    struct job *job = context;
    long d = job->d;
    double line[d + 2];
    line[d + 1] = 1;
    for (long i = from; i < to; i++) {
        for (long j = 0; j < d; j++) line[j] = job->x[i * d + j] - job->x[j];
        line[d] = job->y[i] - job->y[0];
        gram_push(&job->grams[part], line, d + 2, 1.0);
    }
    gram_flush(&job->grams[part]);
}

static double sum_of(const struct job *job, long threads, long j, long k) {
    double s = 0;
    for (long t = 0; t < threads; t++) s += gram_get(&job->grams[t], j, k);
    return s;
}

int least_squares(const double *x, const double *y, long n, long d, long threads, double *weights) {
    struct gram grams[threads];
    for (long t = 0; t < threads; t++) grams[t] = gram_new(d + 2);
    struct job job = {x, y, d, grams};
    parallel(n, threads, 1, gather, &job);
    double *a = malloc(d * d * sizeof(double)), sums[d + 1];
    for (long j = 0; j <= d; j++) sums[j] = sum_of(&job, threads, j, d + 1);
    for (long j = 0; j < d; j++) {
        for (long k = 0; k < d; k++) a[j * d + k] = sum_of(&job, threads, j, k) - sums[j] * sums[k] / n;
        weights[j] = sum_of(&job, threads, j, d) - sums[j] * sums[d] / n;
    }
    int solved = solve(a, weights, d);
    weights[d] = y[0] + sums[d] / n;
    for (long j = 0; j < d; j++) weights[d] -= weights[j] * (x[j] + sums[j] / n);
    for (long t = 0; t < threads; t++) gram_free(&grams[t]);
    free(a);
    return solved;
}
