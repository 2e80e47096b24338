/* pkcs7.c - chains as files and invitations carry them: PKCS#7 SignedData without content or
 * signers.
 *
 * Writing wraps the certificates as they come. Reading finds at most LIMIT_CHAIN_LENGTH + 1 of
 * them, in any order, reads each by our rules and brings them into the one order in which each
 * names the one before it, a self-signed one first; no certificate may be left over. Signatures of
 * links are chain_parse's affair. Whatever is not so is CRYPT_E_ASN1_ERROR. */
#include "group/certificate_format.h"

enum { PKCS7_COUNT_MAX = LIMIT_CHAIN_LENGTH + 1 };

#define PKCS7_OID "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07"
#define SIGNED_DATA PKCS7_OID "\x02"
/* version 1, no digest algorithms, content of type data that is absent */
#define SIGNED_HEAD "\x02\x01\x01\x31\x00\x30\x0B" PKCS7_OID "\x01"
/* no signers */
#define SIGNED_TAIL "\x31\x00"

static HRESULT append_header(struct buffer *out, enum der_tag tag, size_t size)
{
    uint8_t header[DER_HEADER_MAX];
    size_t header_size = der_header(tag, size, header);
    return buffer_append(out, header, header_size);
}

static size_t whole_size(size_t content)
{
    uint8_t header[DER_HEADER_MAX];
    return der_header(DER_SEQUENCE, content, header) + content;
}

static HRESULT encode(const struct bytes *ders, uint32_t count, size_t size, struct buffer *out)
{
    const size_t head = sizeof(SIGNED_HEAD) - 1, tail = sizeof(SIGNED_TAIL) - 1;
    size_t signed_size = head + whole_size(size) + tail;
    size_t content_size = whole_size(signed_size);
    HRESULT hr =
        append_header(out, DER_SEQUENCE, sizeof(SIGNED_DATA) - 1 + whole_size(content_size));
    if (SUCCEEDED(hr))
        hr = buffer_append(out, SIGNED_DATA, sizeof(SIGNED_DATA) - 1);
    if (SUCCEEDED(hr))
        hr = append_header(out, DER_CONTEXT_0_CONSTRUCTED, content_size);
    if (SUCCEEDED(hr))
        hr = append_header(out, DER_SEQUENCE, signed_size);
    if (SUCCEEDED(hr))
        hr = buffer_append(out, SIGNED_HEAD, head);
    if (SUCCEEDED(hr))
        hr = append_header(out, DER_CONTEXT_0_CONSTRUCTED, size);
    for (uint32_t i = 0; SUCCEEDED(hr) && i < count; i++)
        hr = buffer_append(out, ders[i].data, ders[i].size);
    if (SUCCEEDED(hr))
        hr = buffer_append(out, SIGNED_TAIL, tail);
    return hr;
}

HRESULT pkcs7_encode(const struct bytes *ders, uint32_t count, struct buffer *out)
{
    ASSERT(count > 0 && count <= PKCS7_COUNT_MAX);
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        ASSERT(ders[i].size <= LIMIT_CERTIFICATE_SIZE);
        size += ders[i].size;
    }
    size_t before = out->size;
    HRESULT hr = encode(ders, count, size, out);
    if (FAILED(hr))
        out->size = before;
    return hr;
}

/* What sorting needs of one certificate. */
struct entry {
    struct bytes der;
    struct hash hash;
    struct hash issuer;
};

static HRESULT entry_read(struct bytes der, struct entry *entry)
{
    struct certificate certificate;
    HRESULT hr = certificate_parse(der, &certificate);
    if (FAILED(hr))
        return hr == PEER_E_INVALID_RECORD ? CRYPT_E_ASN1_ERROR : hr;
    *entry = (struct entry){.der = der, .hash = certificate.hash, .issuer = certificate.issuer};
    certificate_deinit(&certificate);
    return S_OK;
}

/* Opens the envelope; the certificates' list is left in *list. */
static HRESULT open_envelope(struct bytes der, struct der *list)
{
    struct der outer = der_of(der);
    struct der content_info = der_enter(&outer, DER_SEQUENCE);
    der_expect(&content_info, SIGNED_DATA, sizeof(SIGNED_DATA) - 1);
    struct der content = der_enter(&content_info, DER_CONTEXT_0_CONSTRUCTED);
    struct der signed_data = der_enter(&content, DER_SEQUENCE);
    der_expect(&signed_data, SIGNED_HEAD, sizeof(SIGNED_HEAD) - 1);
    *list = der_enter(&signed_data, DER_CONTEXT_0_CONSTRUCTED);
    der_expect(&signed_data, SIGNED_TAIL, sizeof(SIGNED_TAIL) - 1);
    der_leave(&content, &signed_data);
    der_leave(&content_info, &content);
    der_leave(&outer, &content_info);
    return der_done(&outer) ? S_OK : CRYPT_E_ASN1_ERROR;
}

/* Does this entry come right after that one; with NULL, does it come first? */
static bool entry_follows(const struct entry *entry, const struct entry *above)
{
    bool self_signed = hash_equal(&entry->issuer, &entry->hash);
    return above ? !self_signed && hash_equal(&entry->issuer, &above->hash) : self_signed;
}

/* Puts the entries in their one order, in place. */
static HRESULT sort_entries(struct entry *entries, uint32_t count)
{
    for (uint32_t at = 0; at < count; at++) {
        uint32_t found = at;
        while (found < count && !entry_follows(&entries[found], at > 0 ? &entries[at - 1] : NULL))
            found++;
        if (found == count)
            return CRYPT_E_ASN1_ERROR;
        struct entry swapped = entries[at];
        entries[at] = entries[found];
        entries[found] = swapped;
    }
    return count > 0 ? S_OK : CRYPT_E_ASN1_ERROR;
}

HRESULT pkcs7_decode(struct bytes der, struct buffer *list)
{
    struct der rest;
    struct entry entries[PKCS7_COUNT_MAX];
    uint32_t count = 0;
    HRESULT hr = open_envelope(der, &rest);
    while (SUCCEEDED(hr) && der_more(&rest)) {
        struct bytes one = der_take_whole(&rest, DER_SEQUENCE);
        if (rest.failed || count == PKCS7_COUNT_MAX)
            return CRYPT_E_ASN1_ERROR;
        hr = entry_read(one, &entries[count++]);
    }
    if (SUCCEEDED(hr))
        hr = sort_entries(entries, count);
    if (FAILED(hr))
        return hr;
    struct bytes ders[PKCS7_COUNT_MAX];
    for (uint32_t i = 0; i < count; i++)
        ders[i] = entries[i].der;
    return chain_encode(ders, count, list);
}
