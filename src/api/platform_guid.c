/* platform_guid.c - the GUIDs that peergroup/platform.h declares, defined for programs that never
 * say INITGUID.
 *
 * They are weak, so a program that does say it has its own definitions without a conflict; the
 * values are the same. Nothing here can fail. */
#define INITGUID
#include <peergroup/platform.h>
