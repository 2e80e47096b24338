/* guids.c - the GUIDs that the public headers name, defined once for every program that links.
 *
 * With INITGUID set before the headers, DEFINE_GUID defines what it otherwise declares: weak
 * symbols here, so that a program that defines them itself keeps its own. They are exported like
 * the functions; the symbol map names them. Nothing runs here, and nothing can fail. */
#pragma GCC visibility push(default)
#define INITGUID
#include <p2p.h>
#pragma GCC visibility pop
