/* disk.h - a disk for tests, between SQLite and the real one: it can lose power, run full, and
 * count. Files may be used on one thread while another cuts the power; the rest is set beforehand.
 */
#ifndef SUPPORT_DISK_H
#define SUPPORT_DISK_H

#include <stdbool.h>
#include <stdint.h>

/* disk_install makes it SQLite's default, disk_remove takes it away again and forgets what it saw.
 */
void disk_install(void);
void disk_remove(void);

/* disk_bypass: files opened from now on are on the real disk (true) or on this one (false). */
void disk_bypass(bool bypass);

/* After so many more bytes every write fails as on a full disk; < 0: never. */
void disk_set_room(int64_t bytes);
/* While set, syncs fail with this errno. */
void disk_fail_sync(int error);
/* Bytes read since disk_install. */
uint64_t disk_bytes_read(void);

/* What a power cut leaves of what was written and not synced. */
enum disk_loss { DISK_LOSE_ALL, DISK_LOSE_SOME, DISK_LOSE_NOTHING };
/* disk_cut writes into folder what the disk would hold if the power failed now. The seed chooses
 * the sectors that DISK_LOSE_SOME loses. */
void disk_cut(const char *folder, enum disk_loss loss, uint32_t seed);
/* disk_watch calls back before each sync and before every n-th write; NULL: no more. */
void disk_watch(void (*callback)(void), uint32_t n);

#endif
