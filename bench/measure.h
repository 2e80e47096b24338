/* measure.h - what the benches of the interface share: records to begin with, another call asked
 * again and again meanwhile, and the memory of this process. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "p2p.h"
#include "peergroup/platform.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { WRITERS = 8 };

static const GUID type_note = {0x1d6a5a0c, 1, 2, {3}};
static HGROUP group;
static atomic_int left;
static ULONG size;
static atomic_bool stop;
static double longest, waits[1 << 20];
static unsigned wait_count;
static pthread_t asker;

static double now_ms(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static void check(HRESULT hr, const char *what)
{
    if (SUCCEEDED(hr))
        return;
    fprintf(stderr, "%s: 0x%08x\n", what, (unsigned)hr);
    exit(1);
}

static void *write_records(void *context)
{
    BYTE *data = calloc(1, size + sizeof(int));
    int number;
    while (data && (number = atomic_fetch_sub(&left, 1)) > 0) {
        PEER_RECORD record = {.dwSize = sizeof(record), .type = type_note, .data = {size, data}};
        FILETIME time;
        GUID id;
        memcpy(data, &number, sizeof(number));
        GetSystemTimeAsFileTime(&time);
        time.dwHighDateTime += 2000;
        check(PeerGroupUniversalTimeToPeerTime(group, &time, &record.ftExpiration), "time");
        check(PeerGroupAddRecord(group, &record, &id), "PeerGroupAddRecord");
    }
    free(data);
    return context;
}

static void fill(int count)
{
    pthread_t writers[WRITERS];
    atomic_store(&left, count);
    for (int i = 0; i < WRITERS; i++)
        pthread_create(&writers[i], NULL, write_records, NULL);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);
}

static void *ask(void *context)
{
    while (!atomic_load(&stop)) {
        DWORD status;
        double begun = now_ms();
        check(PeerGroupGetStatus(group, &status), "PeerGroupGetStatus");
        double took = now_ms() - begun;
        longest = took > longest ? took : longest;
        if (wait_count < sizeof(waits) / sizeof(waits[0]))
            waits[wait_count++] = took;
        nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
    }
    return context;
}

static int order(const void *a, const void *b)
{
    const double *one = a, *other = b;
    return (*one > *other) - (*one < *other);
}

/* From here on, until asked_end, which gives the median of how long the other call waited. */
static void asked_begin(void)
{
    pthread_create(&asker, NULL, ask, NULL);
}

static double asked_end(void)
{
    atomic_store(&stop, true);
    pthread_join(asker, NULL);
    qsort(waits, wait_count, sizeof(waits[0]), order);
    return waits[wait_count / 2];
}

/* A line of /proc/self/status, in KiB. */
static long memory(const char *name)
{
    char line[256];
    long value = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(line, sizeof(line), file))
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name) + 1, NULL, 10);
    if (file)
        fclose(file);
    return value;
}

static void forget_peak(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file) {
        fputs("5", file);
        fclose(file);
    }
}

#endif
