/* removal.h - what other commands say about removals. */
#ifndef CLI_REMOVAL_H
#define CLI_REMOVAL_H

#include "cli/context.h"

/* removal_text says by whom and when this member was removed (free); NULL: it was not. */
char *removal_text(HGROUP group);
/* removal_check: EXIT_OK when the subject of an invitation was removed once; else the exit class,
 * told already. */
int removal_check(struct context *context, HGROUP group, PCWSTR invitation);

#endif
