/* moment.h - times and lengths of time as people write and read them. */
#ifndef CLI_MOMENT_H
#define CLI_MOMENT_H

#include <p2p.h>

#include <stdbool.h>
#include <stdint.h>

/* Ticks are those of FILETIME: 100 ns since 1601. */
#define MOMENT_SECOND UINT64_C(10000000)
#define MOMENT_DAY (UINT64_C(86400) * MOMENT_SECOND)

uint64_t moment_ticks(const FILETIME *time);
FILETIME moment_filetime(uint64_t ticks);
uint64_t moment_now(void); /* UTC */

/* moment_parse reads a length of time from now ("90s", "30m", "12h", "2d", "4w", "1y", also
 * "1d12h") or a date in UTC ("2027-01-31", "2027-01-31T18:00") into UTC ticks. */
bool moment_parse(const char *text, uint64_t *ticks);

/* The text of UTC ticks: "2027-01-31T18:00:00Z" for programs; local "2027-01-31 19:00" for people,
 * "never" for the far end of time. */
enum { MOMENT_TEXT_SIZE = 40 };
void moment_iso(uint64_t ticks, char text[MOMENT_TEXT_SIZE]);
void moment_local(uint64_t ticks, char text[MOMENT_TEXT_SIZE]);
void moment_clock(char text[MOMENT_TEXT_SIZE]); /* now, local: "19:00:05" */

#endif
