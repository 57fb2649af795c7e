/* A running mean and variance that forget and clip, as streaming.rs computes them. */
#include "common.h"

double streaming(const double *x, double *restrict out, long n, double rate) {
    double mean = 0, variance = 1;
    for (long i = 0; i < n; i++) {
        double limit = 3 * sqrt(variance), off = x[i] - mean;
        off = off > limit ? limit : off;
        off = off < -limit ? -limit : off;
        mean += rate * off;
        variance = (1 - rate) * (variance + rate * off * off);
        out[i] = mean;
    }
    return variance;
}
