/* cases_carry.c - what goes from one machine to another, under failing allocations: identities,
 * configurations and records. The other machine is this one without what it imports. */
#include "oom.h"

#include <stdio.h>
#include <stdlib.h>

static const WCHAR secret[] = u"carried";
static PWSTR document;

/* ---- identities ---- */

static HRESULT call_export_identity(void)
{
    PWSTR xml = NULL;
    HRESULT hr = PeerIdentityExport(oom_now.template->guest, secret, &xml);
    OOM_CHECK(SUCCEEDED(hr) == (xml != NULL));
    PeerFreeData(xml);
    return hr;
}

static void prepare_identity(void)
{
    OOM_CHECK(SUCCEEDED(PeerIdentityExport(oom_now.template->guest, secret, &document)));
    OOM_CHECK(SUCCEEDED(PeerIdentityDelete(oom_now.template->guest)));
}

static HRESULT call_import_identity(void)
{
    PWSTR name = NULL;
    HRESULT hr = PeerIdentityImport(document, secret, &name);
    OOM_CHECK(SUCCEEDED(hr) == (name != NULL));
    PeerFreeData(name);
    return hr;
}

/* ---- configurations ---- */

static HRESULT call_export_config(void)
{
    PWSTR xml = NULL;
    HRESULT hr = PeerGroupExportConfig(oom_now.founder, secret, &xml);
    OOM_CHECK(SUCCEEDED(hr) == (xml != NULL));
    PeerFreeData(xml);
    return hr;
}

/* Exports while the group is open, and closes it. */
static void prepare_renewal(void)
{
    OOM_CHECK(SUCCEEDED(
        PeerGroupOpen(oom_now.template->founder, oom_now.template->group, NULL, &oom_now.founder)));
    OOM_CHECK(SUCCEEDED(PeerGroupExportConfig(oom_now.founder, secret, &document)));
    OOM_CHECK(SUCCEEDED(PeerGroupClose(oom_now.founder)));
    oom_now.founder = NULL;
}

static void prepare_config(void)
{
    prepare_renewal();
    OOM_CHECK(SUCCEEDED(PeerGroupDelete(oom_now.template->founder, oom_now.template->group)));
}

static HRESULT import_config(BOOL overwrite)
{
    PWSTR identity = NULL, group = NULL;
    HRESULT hr = PeerGroupImportConfig(document, secret, overwrite, &identity, &group);
    OOM_CHECK(SUCCEEDED(hr) == (identity != NULL) && SUCCEEDED(hr) == (group != NULL));
    PeerFreeData(identity);
    PeerFreeData(group);
    return hr;
}

static HRESULT call_import_config(void)
{
    return import_config(FALSE);
}

static HRESULT call_renew_config(void)
{
    return import_config(TRUE);
}

/* ---- records ---- */

static PCWSTR file(void)
{
    static WCHAR path[256];
    const char *home = getenv("PEERGROUP_HOME");
    size_t length = strlen(home);
    for (size_t i = 0; i < length; i++)
        path[i] = (unsigned char)home[i];
    memcpy(path + length, u"/records", sizeof(u"/records"));
    return path;
}

/* The file that is there stays when the call fails. */
static void prepare_file(void)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/records", getenv("PEERGROUP_HOME"));
    FILE *there = fopen(path, "wb");
    OOM_CHECK(there && fputs("old", there) >= 0 && fclose(there) == 0);
}

static HRESULT call_export_records(void)
{
    return PeerGroupExportDatabase(oom_now.founder, file());
}

/* The group is open again, without its records. */
static void prepare_records(void)
{
    OOM_CHECK(SUCCEEDED(
        PeerGroupOpen(oom_now.template->founder, oom_now.template->group, NULL, &oom_now.founder)));
    OOM_CHECK(SUCCEEDED(call_export_records()));
    OOM_CHECK(SUCCEEDED(PeerGroupClose(oom_now.founder)));
    prepare_config();
    OOM_CHECK(SUCCEEDED(call_import_config()));
    OOM_CHECK(SUCCEEDED(
        PeerGroupOpen(oom_now.template->founder, oom_now.template->group, NULL, &oom_now.founder)));
}

static HRESULT call_import_records(void)
{
    return PeerGroupImportDatabase(oom_now.founder, file());
}

const struct oom_case oom_cases_carry[] = {
    {"PeerIdentityExport", OOM_STARTED, NULL, call_export_identity, .failures_min = 10},
    {"PeerIdentityImport", OOM_STARTED, prepare_identity, call_import_identity,
     PEER_E_ALREADY_EXISTS, .failures_min = 20},
    {"PeerGroupExportConfig", OOM_OPEN, NULL, call_export_config, .failures_min = 20},
    {"PeerGroupImportConfig", OOM_STARTED, prepare_config, call_import_config,
     PEER_E_ALREADY_EXISTS, .failures_min = 50},
    {"PeerGroupImportConfig over", OOM_STARTED, prepare_renewal, call_renew_config,
     .failures_min = 50},
    {"PeerGroupExportDatabase", OOM_OPEN, NULL, call_export_records, .failures_min = 10},
    {"PeerGroupExportDatabase over", OOM_OPEN, prepare_file, call_export_records,
     .failures_min = 10},
    {"PeerGroupImportDatabase", OOM_STARTED, prepare_records, call_import_records,
     .leaves_part = true, .failures_min = 10},
    {0},
};
