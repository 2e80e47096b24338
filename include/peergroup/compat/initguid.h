/* initguid.h - for sources written for Windows: from here on DEFINE_GUID defines what it names
 * (peergroup/platform.h), as it does with INITGUID set before the first header. */
#ifndef INITGUID
#define INITGUID
#endif
#include <peergroup/platform.h>
