/* bench_caller.c - what one neighbour makes of a running member: connects and records a second.
 *
 * connect: dials, shakes hands (TCP, TLS, ADMISSION .. MYGMC), CONNECT, WELCOME, hangs up, again.
 * accept: signs records beforehand, sends them all, waits for every acknowledgement.
 * verify: the bare rate of signature checks on this thread. pem: the TLS certificate and key of the
 * identity, for other programs to be measured with. */
#include "e2e/caller.h"
#include "engine/tls.h"

#include <openssl/pem.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static int bench_connect(struct caller *caller, const char *address, double seconds)
{
    unsigned count = 0;
    double begin = now_s(), end = begin;
    while (end - begin < seconds) {
        if (!caller_connect(caller, address))
            caller_die("connect", caller->reason);
        caller_hang_up(caller);
        count++;
        end = now_s();
    }
    printf("%.1f\n", count / (end - begin));
    return 0;
}

static int bench_accept(struct caller *caller, const char *address, unsigned count)
{
    uint8_t payload[256];
    if (!caller_connect(caller, address))
        caller_die("connect", caller->reason);
    struct buffer all = BUFFER_NULL;
    for (unsigned i = 0; i < count; i++) {
        struct forgery note = {.record = caller_record(caller, i),
                               .payload = bytes_of(payload, sizeof(payload))};
        randombytes_buf(payload, sizeof(payload));
        note.record.modified = note.record.created += i;
        caller_forge(caller, &note, &all, NULL);
    }
    double begin = now_s();
    bool sent = caller_send(caller, buffer_view(&all));
    if (!sent || !caller_await(caller, &caller->useful, count, 120))
        caller_die("not all were accepted", caller->reason);
    printf("%.0f\n", count / (now_s() - begin));
    buffer_deinit(&all);
    caller_hang_up(caller);
    return 0;
}

static int bench_verify(double seconds)
{
    uint8_t public_key[32], secret[64], message[64] = {1}, signature[64];
    crypto_sign_keypair(public_key, secret);
    crypto_sign_detached(signature, NULL, message, sizeof(message), secret);
    unsigned count = 0;
    double begin = now_s(), end = begin;
    while (end - begin < seconds) {
        for (int i = 0; i < 100; i++, count++)
            if (crypto_sign_verify_detached(signature, message, sizeof(message), public_key) != 0)
                return 1;
        end = now_s();
    }
    printf("%.0f\n", count / (end - begin));
    return 0;
}

static int write_pem(struct caller *caller, const char *path)
{
    struct tls_identity identity;
    if (FAILED(tls_identity_init(&identity, caller->key)))
        return 1;
    FILE *file = fopen(path, "w");
    int written = file && PEM_write_X509(file, identity.certificate) == 1 &&
                  PEM_write_PrivateKey(file, identity.key, NULL, NULL, 0, NULL, NULL) == 1 &&
                  fclose(file) == 0;
    tls_identity_deinit(&identity);
    return written ? 0 : 1;
}

int main(int count, char **arguments)
{
    if (sodium_init() < 0 || count < 3)
        return 1;
    if (strcmp(arguments[1], "verify") == 0)
        return bench_verify(atof(arguments[2]));
    if (count < 5)
        return 1;
    struct caller caller;
    int result = 1;
    caller_open(&caller, arguments[2], arguments[3]);
    if (strcmp(arguments[1], "pem") == 0)
        result = write_pem(&caller, arguments[4]);
    else if (strcmp(arguments[1], "connect") == 0)
        result = bench_connect(&caller, arguments[4], atof(arguments[5]));
    else if (strcmp(arguments[1], "accept") == 0)
        result = bench_accept(&caller, arguments[4], (unsigned)atoi(arguments[5]));
    caller_close(&caller);
    return result;
}
