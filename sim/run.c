/* run.c - one simulated group from the command line.
 *
 * Happy path: options become those of chaos.h, the group lives its minutes in virtual time, all
 * databases end equal, and a summary is printed. Failure: what differs is printed with the seed
 * that repeats it, and the program ends with 1; a wrong option ends it with 2. */
#include "chaos.h"

#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct option long_options[] = {{"nodes", required_argument, NULL, 'n'},
                                             {"seed", required_argument, NULL, 's'},
                                             {"minutes", required_argument, NULL, 'm'},
                                             {"records", required_argument, NULL, 'r'},
                                             {"loss", required_argument, NULL, 'l'},
                                             {"crashes", required_argument, NULL, 'c'},
                                             {"latency", required_argument, NULL, 't'},
                                             {"bandwidth", required_argument, NULL, 'b'},
                                             {"verdict", required_argument, NULL, 'v'},
                                             {"segment", required_argument, NULL, 'g'},
                                             {"partition", no_argument, NULL, 'p'},
                                             {"quiet", required_argument, NULL, 'q'},
                                             {"provider", required_argument, NULL, 'u'},
                                             {"clock", required_argument, NULL, 'k'},
                                             {"remove", no_argument, NULL, 'x'},
                                             {"help", no_argument, NULL, 'h'},
                                             {NULL, 0, NULL, 0}};

static void usage(void)
{
    puts("sim/run [--nodes N] [--seed S] [--minutes M] [--records R] [--crashes C] [--partition]\n"
         "        [--loss CUTS_PER_LINK_AND_HOUR] [--latency MAX_MS] [--bandwidth BYTES_PER_S]\n"
         "        [--verdict MAX_MS] [--segment BYTES] [--quiet MINUTES] [--provider group|cheap]\n"
         "        [--clock MINUTES_WRONG] [--remove]");
}

static bool parse(int argc, char **argv, struct chaos_options *options)
{
    int option;
    while ((option = getopt_long(argc, argv, "h", long_options, NULL)) >= 0) {
        uint64_t value = optarg ? strtoull(optarg, NULL, 0) : 0;
        switch (option) {
        case 'n':
            options->nodes = (uint32_t)value;
            break;
        case 's':
            options->sim.seed = value;
            break;
        case 'm':
            options->minutes = (uint32_t)value;
            break;
        case 'r':
            options->records = (uint32_t)value;
            break;
        case 'l':
            options->sim.cuts_per_hour = (uint32_t)value;
            break;
        case 'c':
            options->crashes = (uint32_t)value;
            break;
        case 't':
            options->sim.latency_max_ms = (uint32_t)value;
            break;
        case 'b':
            options->sim.bandwidth = value;
            break;
        case 'v':
            options->sim.verdict_max_ms = (uint32_t)value;
            break;
        case 'g':
            options->sim.segment_max = (uint32_t)value;
            break;
        case 'q':
            options->quiet_minutes = (uint32_t)value;
            break;
        case 'k':
            options->clock_minutes = (uint32_t)value;
            break;
        case 'x':
            options->removal = true;
            break;
        case 'u':
            if (strcmp(optarg, "group") != 0 && strcmp(optarg, "cheap") != 0)
                return false;
            options->sim.security = optarg[0] == 'g' ? SIM_GROUP : SIM_CHEAP;
            break;
        case 'p':
            options->partition = true;
            break;
        default:
            usage();
            return false;
        }
    }
    options->sim.latency_min_ms = options->sim.latency_max_ms / 8 + 1;
    if (options->removal && options->sim.security != SIM_GROUP)
        return false;
    return options->nodes >= 2 && options->nodes <= SIM_MEMBERS_MAX && options->minutes > 0 &&
           options->sim.latency_max_ms >= options->sim.latency_min_ms;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    struct chaos_options options = {.nodes = 50, .minutes = 10, .records = 200, .report = true};
    options.sim = (struct sim_options){
        .seed = 1, .latency_max_ms = 40, .verdict_max_ms = 20, .security = SIM_GROUP};
    if (!parse(argc, argv, &options)) {
        fputs("bad arguments\n", stderr);
        return 2;
    }
    double began = seconds();
    struct sim *sim = chaos_run(&options);
    double took = seconds() - began;
    struct sim_statistics statistics;
    sim_get_statistics(sim, &statistics);
    double applied = statistics.useful > 0 ? (double)statistics.useful : 1;
    printf("seed %llu: %u nodes, %u records held, %.0f s of virtual time in %.2f s\n",
           (unsigned long long)options.sim.seed, options.nodes, sim_visible(sim, 0),
           (double)sim_now_ms(sim) / 1000, took);
    printf("%llu steps, %.0f a second; %llu links made; %.2f MB sent, %.2f MB to reconcile in %llu "
           "sessions\n",
           (unsigned long long)sim_steps(sim), (double)sim_steps(sim) / took,
           (unsigned long long)statistics.links, (double)statistics.bytes / 1e6,
           (double)statistics.reconcile_bytes / 1e6,
           (unsigned long long)statistics.reconcile_sessions);
    printf("%.2f copies received for each record applied; hops to the last member: mean %.2f, most "
           "%u; memory in use: %.2f MB\n",
           (double)statistics.floods / applied, statistics.hops_last, statistics.hops_max,
           (double)mallinfo2().uordblks / 1e6);
    const char *failure = sim_failure(sim);
    if (failure)
        fprintf(stderr, "FAILED, seed %llu: %s\n", (unsigned long long)options.sim.seed, failure);
    int result = failure ? 1 : 0;
    sim_free(sim);
    return result;
}
