/* Does every function of the interface survive every failing allocation (style rule 13)?
 *
 * For each case the n-th allocation of one call fails, our own or one that SQLite or libxml2 makes
 * for us: one child process for each n, every n up to 100, then ever fewer, to keep to a minute,
 * until the call gets by without meeting the failure. The outcome must be E_OUTOFMEMORY and no
 * effect, or success; the same call must succeed afterwards; under AddressSanitizer nothing may
 * leak.
 *
 * Not covered, since they abort or keep their own memory: OpenSSL, libuv, libpwquality
 * (docs/deviations.md). Usage: test-oom [NAME...]; TAP on stdout. With PEERGROUP_OOM_PART=I/N every
 * N-th case from the I-th (1..N), so that several of these share the work. */
#include "oom.h"

#include "support/foreign_memory.h"
#include "support/home.h"
#include "support/xml_memory.h"

#include <sys/mman.h>
#include <time.h>

/* How a child ends. */
enum { CHILD_SURVIVED = 0, CHILD_REFUSED = 10, CHILD_NOT_HIT = 11, CHILD_BAD = 1 };

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SWEEP_DENSE = 6, SWEEP_PART = 2 };
#else
enum { SWEEP_DENSE = 100, SWEEP_PART = 4 };
#endif

struct oom_child oom_now;
static char template_home[sizeof(test_home)];

_Noreturn void oom_fail(const char *file, int line, const char *what)
{
    fprintf(stderr, "# %s:%d: %s\n", file, line, what);
    home_clear();
    _exit(CHILD_BAD);
}

/* ---- homes ---- */

static int copy_entry(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
    (void)walk;
    char target[512];
    snprintf(target, sizeof(target), "%s%s", test_home, path + strlen(template_home));
    if (kind == FTW_D)
        return mkdir(target, status->st_mode & 0777) == 0 || strcmp(target, test_home) == 0 ? 0
                                                                                            : -1;
    int from = open(path, O_RDONLY | O_CLOEXEC);
    int to = open(target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, status->st_mode & 0777);
    static char bytes[65536];
    ssize_t size = 0;
    while (from >= 0 && to >= 0 && (size = read(from, bytes, sizeof(bytes))) > 0) {
        if (write(to, bytes, (size_t)size) != size)
            break;
    }
    bool well = from >= 0 && to >= 0 && size == 0;
    if (from >= 0)
        close(from);
    if (to >= 0)
        close(to);
    return well ? 0 : -1;
}

/* A home that is a copy of the template. */
static void home_of_template(void)
{
    if (home_setup(NULL) != 0 || nftw(template_home, copy_entry, 16, FTW_PHYS) != 0) {
        perror("# copy of the template");
        _exit(CHILD_BAD);
    }
}

/* ---- one child ---- */

static int run_child(const struct oom_case *oom, uint64_t n)
{
    home_of_template();
    xml_memory_hook();
    OOM_CHECK(foreign_memory_setup() == 0);
    oom_ground_begin(oom->ground);
    if (oom->prepare)
        oom->prepare();
    const char *before = oom->ground == OOM_STOPPED ? "" : oom_snapshot(0);
    mem_fail_nth_tagged(n);
    HRESULT hr = oom->call();
    bool hit = mem_fail_hit();
    mem_fail_nth(0);
    const char *after = oom->ground == OOM_STOPPED ? "" : oom_snapshot(1);
    if (FAILED(hr)) {
        if (hr != E_OUTOFMEMORY)
            fprintf(stderr, "# failing allocation %lu: 0x%08x\n", (unsigned long)n, (unsigned)hr);
        OOM_CHECK(hr == E_OUTOFMEMORY);
        OOM_CHECK(strcmp(before, after) == 0);
    }
    HRESULT again = oom->call();
    bool well = SUCCEEDED(again) || again == (FAILED(hr) ? oom->lost : oom->again);
    if (!well)
        fprintf(stderr, "# call after allocation %lu: 0x%08x\n", (unsigned long)n, (unsigned)again);
    OOM_CHECK(well);
    oom_ground_end(oom->ground);
    home_clear();
    if (!hit)
        return CHILD_NOT_HIT;
    return FAILED(hr) ? CHILD_REFUSED : CHILD_SURVIVED;
}

/* in_child runs body or a case in a child and gives its exit status, CHILD_BAD for a crash. A child
 * that hangs is ended by its alarm. */
static int in_child(const struct oom_case *oom, uint64_t n)
{
    fflush(stdout);
    pid_t process = fork();
    if (process == 0) {
        alarm(60);
        exit(run_child(oom, n));
    }
    int status = 0;
    if (process < 0 || waitpid(process, &status, 0) != process)
        return CHILD_BAD;
    if (WIFSIGNALED(status))
        fprintf(stderr, "# child of allocation %lu: signal %d\n", (unsigned long)n,
                WTERMSIG(status));
    return WIFEXITED(status) ? WEXITSTATUS(status) : CHILD_BAD;
}

/* ---- the sweep ---- */

static bool sweep_case(const struct oom_case *oom, unsigned number)
{
    unsigned refused = 0, survived = 0;
    int end = CHILD_SURVIVED;
    uint64_t n = 1;
    for (; end != CHILD_NOT_HIT; n += 1 + (n > SWEEP_DENSE ? n / SWEEP_PART : 0)) {
        end = in_child(oom, n);
        refused += end == CHILD_REFUSED;
        survived += end == CHILD_SURVIVED;
        if (end != CHILD_REFUSED && end != CHILD_SURVIVED && end != CHILD_NOT_HIT) {
            printf("not ok %u - %s: allocation %lu, status %d\n", number, oom->name,
                   (unsigned long)n, end);
            return false;
        }
    }
    unsigned wanted_failures = SWEEP_DENSE < 50 && oom->failures_min > 1 ? 1 : oom->failures_min;
    bool blind = refused < wanted_failures;
    printf("%sok %u - %s: refused %u, survived %u\n", blind ? "not " : "", number, oom->name,
           refused, survived);
    return !blind;
}

static bool wanted(const struct oom_case *oom, int count, char **names)
{
    for (int i = 1; i < count; i++) {
        if (strncmp(oom->name, names[i], strlen(names[i])) == 0)
            return true;
    }
    return count < 2;
}

static const struct oom_case *const lists[] = {oom_cases_common, oom_cases_group, oom_cases_record,
                                               oom_cases_link, oom_cases_removal};

static struct oom_template *make_template(void)
{
    struct oom_template *template =
        mmap(NULL, sizeof(*template), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (template == MAP_FAILED || home_setup(NULL) != 0)
        return NULL;
    memcpy(template_home, test_home, sizeof(template_home));
    pid_t process = fork();
    if (process == 0) {
        oom_template_make(template);
        exit(0);
    }
    int status = 0;
    bool well = process > 0 && waitpid(process, &status, 0) == process && status == 0;
    return well ? template : NULL;
}

int main(int count, char **names)
{
    setenv("PEERGROUP_LISTEN", "127.0.0.1:0", 1);
    oom_now.template = make_template();
    if (!oom_now.template) {
        printf("Bail out! no template\n");
        return 1;
    }
    unsigned number = 0, failed = 0, seen = 0, part = 1, parts = 1;
    const char *share = getenv("PEERGROUP_OOM_PART");
    if (share && sscanf(share, "%u/%u", &part, &parts) != 2) {
        printf("Bail out! PEERGROUP_OOM_PART is not I/N\n");
        return 1;
    }
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        for (const struct oom_case *oom = lists[i]; oom->name; oom++) {
            if (seen++ % parts == part - 1 && wanted(oom, count, names))
                failed += !sweep_case(oom, ++number);
        }
    }
    printf("1..%u\n", number);
    memcpy(test_home, template_home, sizeof(test_home));
    home_clear();
    return failed != 0;
}
