/* member.h - what the files of the driven member share. */
#ifndef E2E_MEMBER_H
#define E2E_MEMBER_H

#include "engine/engine.h"

#include <stdio.h>
#include <string.h>

extern const struct guid note_type;
extern uint64_t session;

uint64_t now_ns(void);
/* say writes one whole line; answer ends a command: its code when it failed, else the text. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
void answer(HRESULT hr, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* member_records.c */
void do_add(char **words);
void do_add_many(char **words);
void do_update(char **words);
void do_remove(char **words);
void do_get(char **words);
void do_list(char **words);
void do_count(char **words);
void do_storm(char **words);

#endif
