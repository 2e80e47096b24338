/* enumeration.h - HPEERENUM: a snapshot that a program walks through in batches. */
#ifndef API_ENUMERATION_H
#define API_ENUMERATION_H

#include "api/block.h"

/* What an enumeration walks through. */
struct enumeration_source {
    uint32_t count; /* items at the moment of its creation */
    /* Appends item index to block and gives the offset of its structure. S_FALSE: it is gone
     * meanwhile and is left out. Calls for one source never overlap. */
    HRESULT (*item)(void *context, uint32_t index, struct block *block, size_t *offset);
    void (*free_context)(void *context);
    void *context;
    bool of_group; /* ends with the last PeerGroupShutdown */
};

/* enumeration_new makes one. The source's context is taken on success. E_OUTOFMEMORY; *handle is
 * NULL then. The program ends it with PeerEndEnumeration. */
HRESULT enumeration_new(const struct enumeration_source *source, HPEERENUM *handle) MUST_CHECK;

/* enumeration_end_of_groups ends those that are of_group. */
void enumeration_end_of_groups(void);

#endif
