/* Logistic regression with an L2 penalty, by Newton's method, as logistic_solver.rs does it. */
#include "common.h"

#define GROUP 64
struct job { const double *x, *y, *weights; long d; struct gram *grams; double *gradients; };

static double dot(const double *a, const double *b, long d) {
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    long j = 0;
    for (; j + 4 <= d; j += 4) s0 += a[j] * b[j], s1 += a[j + 1] * b[j + 1], s2 += a[j + 2] * b[j + 2], s3 += a[j + 3] * b[j + 3];
    for (; j < d; j++) s0 += a[j] * b[j];
    return (s0 + s2) + (s1 + s3);
}

static void step(void *context, long part, long from, long to) {
    struct job *job = context;
    long d = job->d;
    double line[d + 1], chance[GROUP], *restrict gradient = job->gradients + part * (d + 1);
    for (long j = 0; j <= d; j++) gradient[j] = 0;
    for (long j = 0; j < GROUP; j++) chance[j] = 0;
    line[d] = 1;
    for (long start = from; start < to; start += GROUP) {
        long count = to - start < GROUP ? to - start : GROUP;
        for (long i = 0; i < count; i++) chance[i] = job->weights[d] + dot(job->x + (start + i) * d, job->weights, d);
        for (long i = 0; i < GROUP; i += LANES) {
            eight e = 1 / (1 + exp8(-*(eight *)(chance + i)));
            memcpy(chance + i, &e, sizeof e);
        }
        for (long i = 0; i < count; i++) {
            double off = chance[i] - job->y[start + i];
            memcpy(line, job->x + (start + i) * d, d * sizeof(double));
            gram_push(&job->grams[part], line, d + 1, chance[i] * (1 - chance[i]));
            for (long j = 0; j <= d; j++) gradient[j] += off * line[j];
        }
    }
    gram_flush(&job->grams[part]);
}

int newton(const double *x, const double *y, long n, long d, double penalty, long threads, double *weights) {
    long p = d + 1;
    double *a = malloc(p * p * sizeof(double)), *gradients = malloc((threads + 1) * p * sizeof(double)), change[p];
    int solved = 0;
    for (long j = 0; j < p; j++) weights[j] = 0;
    for (int round = 0; round < 50 && !solved; round++) {
        struct gram grams[threads];
        for (long t = 0; t < threads; t++) grams[t] = gram_new(p);
        struct job job = {x, y, weights, d, grams, gradients};
        parallel(n, threads, 1, step, &job);
        for (long j = 0; j < p; j++) {
            change[j] = j < d ? penalty * weights[j] : 0;
            for (long t = 0; t < threads; t++) change[j] += gradients[t * p + j];
            for (long k = 0; k < p; k++) {
                a[j * p + k] = j == k && j < d ? penalty : 0;
                for (long t = 0; t < threads; t++) a[j * p + k] += gram_get(&grams[t], j, k);
            }
        }
        for (long t = 0; t < threads; t++) gram_free(&grams[t]);
        if (!solve(a, change, p)) break;
        solved = 1;
        for (long j = 0; j < p; j++) {
            weights[j] -= change[j];
            if (!(fabs(change[j]) < 1e-7)) solved = 0;
        }
    }
    free(a);
    free(gradients);
    return solved;
}
