/* xml_memory.h - puts libxml2's allocations on the clock of mem_fail_nth, for sweeps. */
#ifndef SUPPORT_XML_MEMORY_H
#define SUPPORT_XML_MEMORY_H

#include "base/alloc.h"

#include <libxml/xmlmemory.h>

static inline char *xml_memory_strdup(const char *text)
{
    return mem_strdup(text);
}

/* xml_memory_hook is called once, before anything uses libxml2. */
static inline void xml_memory_hook(void)
{
    xmlMemSetup(mem_free, mem_alloc, mem_realloc, xml_memory_strdup);
}

#endif
