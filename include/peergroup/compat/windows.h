/* windows.h - for sources written for Windows: everything is in peergroup/platform.h. */
#include <peergroup/platform.h>
