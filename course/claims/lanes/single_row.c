/* A logistic model's answer for one row, as single_row.rs finds it. */
#include "common.h"

double predict(const double *row, const double *weights, long d, double intercept) {
    double s[4] = {0, 0, 0, 0}, rest = 0;
    long j = 0;
    for (; j + 4 <= d; j += 4)
        for (int i = 0; i < 4; i++) s[i] += row[j + i] * weights[j + i];
    for (; j < d; j++) rest += row[j] * weights[j];
    return 1 / (1 + exp(-(intercept + rest + (s[0] + s[2]) + (s[1] + s[3]))));
}
