/* contract.h - marks which documented return code a test case shows; every contract test includes
 * it.
 *
 * The first statement of a case is CONTRACT("PeerGroupCreate", "PEER_E_NO_CLOUD"): one row of
 * contract/returns.tsv, or "S_OK" for the documented success. A case may carry several.
 * tools/contract-coverage reads the marks from the sources and lists the rows without one; rows
 * that cannot occur stand in a table of docs/deviations.md. A mark does nothing when it runs; both
 * arguments must be string literals on the mark itself. */
#ifndef CONTRACT_CONTRACT_H
#define CONTRACT_CONTRACT_H

#include "tests/support/test.h"

#define CONTRACT(function, code) ((void)sizeof("" function ": " code))

/* CONTRACT_OOM("PeerGroupCreate") marks the sweep that fails each allocation of a call: the row
 * E_OUTOFMEMORY. */
#define CONTRACT_OOM(function) CONTRACT(function, "E_OUTOFMEMORY")

#endif
