/* log.c - formats a line and hands it to the sink that the engine or a test has set.
 *
 * The core has no output of its own: without a sink a call costs one load. Lines longer than the
 * buffer are cut. A sink must not call back into the library. Nothing here allocates, so that a
 * failure of memory can be told, too. */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

enum { LOG_LINE_SIZE = 512 };

static _Atomic(log_sink) current_sink;
static _Atomic int current_level;

void log_set_sink(log_sink sink, enum log_level level)
{
    atomic_store(&current_level, (int)level);
    atomic_store(&current_sink, sink);
}

void log_line(enum log_level level, const char *format, ...)
{
    log_sink sink = atomic_load(&current_sink);
    if (!sink || (int)level > atomic_load(&current_level))
        return;
    char line[LOG_LINE_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    sink(level, line);
}
