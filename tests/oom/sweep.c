/* sweep.c - one case under each failing allocation: a child process for every n.
 *
 * A ground process brings the case to where its call begins, once. Then it forks a child for each n
 * and puts the files back after it. Only the thread that forks lives on in a child, so the fork is
 * done by the library's loop thread, at the end of a turn, while the other one waits: in the child
 * the loop goes on as it is, and a new thread takes the place of the other.
 *
 * Where two members talk over sockets, and where nothing is started yet, each child makes its own
 * ground instead. A child that crashes, hangs (its alarm ends it) or fails a check makes the case
 * fail with the n that did it; so does one that leaks, under AddressSanitizer. */
#include "oom.h"

#include "engine/engine_internal.h"
#include "support/foreign_memory.h"
#include "support/xml_memory.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

enum { CHILD_SECONDS = 60 };

/* How a child ends. */
enum { CHILD_SURVIVED = 0, CHILD_REFUSED = 10, CHILD_NOT_HIT = 11, CHILD_BAD = 1 };

struct oom_child oom_now;

/* One sweep; in memory that the processes share. */
struct sweep {
    const struct oom_case *oom;
    const struct oom_steps *steps;
    uint64_t n;
    unsigned refused, survived;
    int end; /* of the child before */
};

/* ---- one child ---- */

static const char *before; /* the snapshot */

static void begin(const struct oom_case *oom)
{
    oom_home_copy();
    xml_memory_hook();
    OOM_CHECK(foreign_memory_setup() == 0);
    oom_ground_begin(oom->ground);
    if (oom->prepare)
        oom->prepare();
    before = oom->ground == OOM_STOPPED ? "" : oom_snapshot(0);
}

static void differ(const char *after, uint64_t n)
{
    if (strcmp(before, after) == 0)
        return;
    fprintf(stderr, "# failing allocation %lu left an effect; before:\n%safter:\n%s",
            (unsigned long)n, before, after);
    OOM_CHECK(strcmp(before, after) == 0);
}

static int attempt(const struct oom_case *oom, uint64_t n)
{
    mem_fail_nth_tagged(n);
    HRESULT hr = oom->call();
    bool hit = mem_fail_hit();
    mem_fail_nth(0);
    if (FAILED(hr)) {
        if (hr != E_OUTOFMEMORY)
            fprintf(stderr, "# failing allocation %lu: 0x%08x\n", (unsigned long)n, (unsigned)hr);
        OOM_CHECK(hr == E_OUTOFMEMORY);
        if (oom->ground != OOM_STOPPED && !oom->leaves_part)
            differ(oom_snapshot(1), n);
    }
    HRESULT again = oom->call();
    bool well = SUCCEEDED(again) || again == (FAILED(hr) ? oom->lost : oom->again);
    if (!well)
        fprintf(stderr, "# call after allocation %lu: 0x%08x\n", (unsigned long)n, (unsigned)again);
    OOM_CHECK(well);
    oom_ground_end(oom->ground);
    if (!hit)
        return CHILD_NOT_HIT;
    return FAILED(hr) ? CHILD_REFUSED : CHILD_SURVIVED;
}

/* ---- the steps ---- */

/* Counts how a child ended; whether there is a next one. */
static bool advance(struct sweep *sweep, pid_t child)
{
    int status = 0;
    sweep->end = CHILD_BAD;
    if (child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status))
        sweep->end = WEXITSTATUS(status);
    if (WIFSIGNALED(status))
        fprintf(stderr, "# child of allocation %lu: signal %d\n", (unsigned long)sweep->n,
                WTERMSIG(status));
    sweep->refused += sweep->end == CHILD_REFUSED;
    sweep->survived += sweep->end == CHILD_SURVIVED;
    if (sweep->end != CHILD_REFUSED && sweep->end != CHILD_SURVIVED)
        return false;
    uint64_t spread = sweep->steps->spread;
    sweep->n += 1 + (sweep->n > sweep->steps->dense && spread > 0 ? sweep->n / spread : 0);
    return true;
}

static void sweep_fresh(struct sweep *sweep)
{
    pid_t child;
    do {
        child = fork();
        if (child == 0) {
            alarm(CHILD_SECONDS);
            begin(sweep->oom);
            int end = attempt(sweep->oom, sweep->n);
            oom_home_clear();
            exit(end); /* looks for leaks */
        }
    } while (advance(sweep, child));
}

/* ---- children of a ground that is there ---- */

struct turn {
    struct loop_item item;
    struct loop_batch batch;
    struct loop *loop;
    struct sweep *sweep;
    sem_t waits; /* the caller holds no lock any more */
    sem_t done;
};

static void *child_main(void *context)
{
    const struct sweep *sweep = context;
    int end = attempt(sweep->oom, sweep->n);
#ifdef __SANITIZE_ADDRESS__
    if (__lsan_do_recoverable_leak_check())
        end = CHILD_BAD;
#endif
    _exit(end);
}

/* In the child: the loop's descriptors are the parent's, until it has made its own. */
static void live_on(struct turn *turn)
{
    pthread_t thread;
    alarm(CHILD_SECONDS);
    OOM_CHECK(uv_loop_fork(loop_uv(turn->loop)) == 0);
    OOM_CHECK(pthread_create(&thread, NULL, child_main, turn->sweep) == 0);
}

/* At the end of a turn, on the loop thread: the whole sweep. */
static void run_children(void *context)
{
    struct turn *turn = context;
    pid_t child;
    bool more;
    loop_remove_batch(turn->loop, &turn->batch);
    sem_wait(&turn->waits);
    do {
        child = fork();
        if (child == 0) {
            live_on(turn);
            return;
        }
        more = advance(turn->sweep, child);
        oom_home_restore();
    } while (more);
    sem_post(&turn->done);
}

static void add_batch(struct loop_item *item)
{
    struct turn *turn = (struct turn *)item;
    loop_add_batch(turn->loop, &turn->batch);
}

static _Noreturn void ground_main(struct sweep *sweep)
{
    struct engine *engine = NULL;
#ifdef __SANITIZE_ADDRESS__
    /* What this thread keeps for itself would be lost in a child, where it is not. */
    __lsan_disable();
#endif
    begin(sweep->oom);
    oom_home_keep();
    OOM_CHECK(SUCCEEDED(engine_enter(&engine)));
    static struct turn turn;
    turn = (struct turn){.item = {.function = add_batch},
                         .batch = {.function = run_children, .context = &turn},
                         .loop = engine->loop,
                         .sweep = sweep};
    engine_leave();
    sem_init(&turn.waits, 0, 0);
    sem_init(&turn.done, 0, 0);
    loop_post(turn.loop, &turn.item);
    sem_post(&turn.waits);
    sem_wait(&turn.done);
    oom_home_clear();
    _exit(0);
}

static void sweep_ground(struct sweep *sweep)
{
    int status = 0;
    pid_t ground = fork();
    if (ground == 0)
        ground_main(sweep);
    if (ground < 0 || waitpid(ground, &status, 0) != ground || status != 0)
        sweep->end = CHILD_BAD;
}

/* ---- the sweep ---- */

bool oom_sweep(const struct oom_case *oom, const struct oom_steps *steps, unsigned number)
{
    static struct sweep *sweep;
    if (!sweep)
        sweep =
            mmap(NULL, sizeof(*sweep), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    OOM_CHECK(sweep != MAP_FAILED);
    *sweep = (struct sweep){.oom = oom, .steps = steps, .n = 1};
    fflush(stdout);
    if (oom->ground == OOM_STOPPED || oom->ground == OOM_PAIR)
        sweep_fresh(sweep);
    else
        sweep_ground(sweep);
    if (sweep->end != CHILD_NOT_HIT) {
        printf("not ok %u - %s: allocation %lu, status %d\n", number, oom->name,
               (unsigned long)sweep->n, sweep->end);
        return false;
    }
    unsigned failures_min = oom->failures_min;
    if (failures_min > 1 && steps->dense < 50)
        failures_min = 1;
    bool blind = sweep->refused < failures_min;
    printf("%sok %u - %s: refused %u, survived %u, up to %lu\n", blind ? "not " : "", number,
           oom->name, sweep->refused, sweep->survived, (unsigned long)sweep->n);
    return !blind;
}
