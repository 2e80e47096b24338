/* log.h - one line of diagnosis to whoever asked for it; silent by default. */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_ERROR = 1, LOG_WARNING = 2, LOG_INFO = 3, LOG_DEBUG = 4 };

typedef void (*log_sink)(enum log_level level, const char *line);

/* log_set_sink chooses where lines go (NULL: nowhere) and the most talkative level that passes. Any
 * thread may log. */
void log_set_sink(log_sink sink, enum log_level level);
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
