/* forge.c - see forge.h. Works with plain buffers and its own idea of DER lengths; any failure of
 * its own ends the test. */
#include "support/test.h"

#include "unit/group/forge.h"

#include "group/peer_name.h"

#include <sodium.h>
#include <stdio.h>
#include <time.h>

const char *const forge_oids[FORGE_EXTENSION_COUNT] = {
    [FORGE_CONSTRAINTS] = "551d13",          [FORGE_SUBJECT_KEY] = "551d0e",
    [FORGE_AUTHORITY_KEY] = "551d23",        [FORGE_KEY_USE] = "551d25",
    [FORGE_SUBJECT_NAME] = "551d11",         [FORGE_ISSUER_NAME] = "551d12",
    [FORGE_KIND] = "2b060104018237 2c0001",  [FORGE_GROUP_NAME] = "2b060104018237 2c0301",
    [FORGE_ROLES] = "2b060104018237 2c0303", [FORGE_ISSUER] = FORGE_OWN_ARC "02",
    [FORGE_DEPUTY] = FORGE_OWN_ARC "03",     [FORGE_PROPERTIES] = FORGE_OWN_ARC "04",
};

static void append(struct buffer *piece, const void *data, size_t size)
{
    assert_ok(buffer_append(piece, data, size));
}

static void append_hex(struct buffer *piece, const char *hex)
{
    uint8_t bytes[8192];
    size_t size = 0;
    assert_int_equal(sodium_hex2bin(bytes, sizeof(bytes), hex, strlen(hex), " ", &size, NULL), 0);
    append(piece, bytes, size);
}

void forge_set(struct buffer *piece, const char *hex)
{
    piece->size = 0;
    append_hex(piece, hex);
}

void forge_wrap(struct buffer *piece, uint8_t tag)
{
    struct buffer whole = BUFFER_NULL;
    size_t size = piece->size;
    append(&whole, &tag, 1);
    if (size < 128) {
        append(&whole, (uint8_t[]){(uint8_t)size}, 1);
    } else if (size < 256) {
        append(&whole, (uint8_t[]){0x81, (uint8_t)size}, 2);
    } else {
        append(&whole, (uint8_t[]){0x82, (uint8_t)(size >> 8), (uint8_t)size}, 3);
    }
    append(&whole, piece->data, size);
    buffer_deinit(piece);
    *piece = whole;
}

void forge_name(struct buffer *piece, const void *text, size_t size)
{
    piece->size = 0;
    append(piece, text, size);
    forge_wrap(piece, 0x0C);
    struct buffer name = BUFFER_NULL;
    append_hex(&name, "0603550403");
    append(&name, piece->data, piece->size);
    buffer_deinit(piece);
    *piece = name;
    forge_wrap(piece, 0x30);
    forge_wrap(piece, 0x31);
    forge_wrap(piece, 0x30);
}

void forge_extend(struct forge *forge, int place, const char *oid_hex, bool critical,
                  const void *value, size_t size)
{
    struct buffer *piece = &forge->extensions[place];
    struct buffer octets = BUFFER_NULL;
    append(&octets, value, size);
    forge_wrap(&octets, 0x04);
    forge_set(piece, oid_hex);
    forge_wrap(piece, 0x06);
    if (critical)
        append_hex(piece, "0101ff");
    append(piece, octets.data, octets.size);
    forge_wrap(piece, 0x30);
    buffer_deinit(&octets);
}

static void known(struct forge *forge, enum forge_extension which, struct buffer *value)
{
    forge_extend(forge, which, forge_oids[which], which == FORGE_CONSTRAINTS, value->data,
                 value->size);
    buffer_deinit(value);
}

static void known_octets(struct forge *forge, enum forge_extension which, const void *data,
                         size_t size)
{
    struct buffer value = BUFFER_NULL;
    append(&value, data, size);
    forge_wrap(&value, 0x04);
    known(forge, which, &value);
}

static void known_alternative(struct forge *forge, enum forge_extension which, const char *name)
{
    struct buffer value = BUFFER_NULL, other = BUFFER_NULL;
    append(&value, name, strlen(name));
    forge_wrap(&value, 0x0C);
    forge_wrap(&value, 0xA0);
    append_hex(&other, "0614" FORGE_OWN_ARC "01");
    append(&other, value.data, value.size);
    forge_wrap(&other, 0xA0);
    forge_wrap(&other, 0x30);
    buffer_deinit(&value);
    known(forge, which, &other);
}

/* By the C library's calendar, as a second opinion. */
static void append_date(struct buffer *piece, uint64_t ticks)
{
    time_t seconds = (time_t)(((int64_t)ticks - (int64_t)TICKS_UNIX_EPOCH) / 10000000);
    struct tm tm;
    char text[32];
    struct buffer date = BUFFER_NULL;
    assert_non_null(gmtime_r(&seconds, &tm));
    bool utc = tm.tm_year < 150;
    size_t size = strftime(text, sizeof(text), utc ? "%y%m%d%H%M%SZ" : "%Y%m%d%H%M%SZ", &tm);
    append(&date, text, size);
    forge_wrap(&date, utc ? 0x17 : 0x18);
    append(piece, date.data, date.size);
    buffer_deinit(&date);
}

static void from_member(struct forge *forge, const struct certificate *certificate)
{
    static const struct {
        unsigned role;
        const char *hex;
    } roles[] = {{1, "0410 04387127aa56450a8ce54f565c6790f4"},
                 {2, "0410 4370fd89dc184cfb8dbf9853a8a9f905"},
                 {4, "0410 f12dc4c708574ca093fcb1bb19a3d8c2"}};
    struct buffer value = BUFFER_NULL;
    for (size_t i = 0; i < ARRAY_SIZE(roles); i++) {
        if (certificate->roles & roles[i].role)
            append_hex(&value, roles[i].hex);
    }
    forge_wrap(&value, 0x30);
    known(forge, FORGE_ROLES, &value);
    known_alternative(forge, FORGE_ISSUER_NAME, certificate->issuer_name);
    append_hex(&value, "0420");
    append(&value, certificate->issuer.bytes, HASH_SIZE);
    append_hex(&value, "0420");
    append(&value, certificate->issuer_key_hash.bytes, HASH_SIZE);
    forge_wrap(&value, 0x30);
    known(forge, FORGE_ISSUER, &value);
    if (certificate->deputy) {
        append_hex(&value, "0101ff");
        known(forge, FORGE_DEPUTY, &value);
    }
    if (!hash_equal(&certificate->properties, &HASH_NULL))
        known_octets(forge, FORGE_PROPERTIES, certificate->properties.bytes, HASH_SIZE);
}

static void from_extensions(struct forge *forge, const struct certificate *certificate)
{
    bool member = certificate->kind == CERTIFICATE_MEMBER;
    bool authority = certificate->kind == CERTIFICATE_GROUP || (member && certificate->roles != 4);
    struct buffer value = BUFFER_NULL;
    append_hex(&value, authority ? "30030101ff" : "3000");
    known(forge, FORGE_CONSTRAINTS, &value);
    known_octets(forge, FORGE_SUBJECT_KEY, certificate->key_hash.bytes, 20);
    append_hex(&value, "30168014");
    append(&value, certificate->issuer_key_hash.bytes, 20);
    known(forge, FORGE_AUTHORITY_KEY, &value);
    append_hex(&value, "300c060a 2b060104018237 2c0304");
    known(forge, FORGE_KEY_USE, &value);
    known_alternative(forge, FORGE_SUBJECT_NAME, certificate->peer_name);
    append(&value, (uint8_t[]){2, 1, (uint8_t)certificate->kind}, 3);
    known(forge, FORGE_KIND, &value);
    if (certificate->kind != CERTIFICATE_IDENTITY) {
        append(&value, certificate->group_name, strlen(certificate->group_name));
        forge_wrap(&value, 0x0C);
        known(forge, FORGE_GROUP_NAME, &value);
    }
    if (member)
        from_member(forge, certificate);
}

void forge_from(struct forge *forge, const struct certificate *certificate)
{
    *forge = (struct forge){.keep_serial = false};
    forge_set(&forge->version, "a003020102");
    forge_set(&forge->serial, "0210 40000000000000000000000000000000");
    forge_set(&forge->algorithm, "300506032b6570");
    forge_set(&forge->outer_algorithm, "300506032b6570");
    forge_name(&forge->issuer, certificate->issuer_friendly_name,
               strlen(certificate->issuer_friendly_name));
    forge_name(&forge->subject, certificate->friendly_name, strlen(certificate->friendly_name));
    append_date(&forge->dates, certificate->not_before);
    append_date(&forge->dates, certificate->not_after);
    forge_wrap(&forge->dates, 0x30);
    forge_set(&forge->key_info, "302a300506032b6570032100");
    append(&forge->key_info, certificate->key, KEY_SIZE);
    from_extensions(forge, certificate);
}

static struct buffer *fixed_piece(struct forge *forge, size_t i)
{
    struct buffer *const pieces[] = {&forge->version,         &forge->serial,
                                     &forge->algorithm,       &forge->issuer,
                                     &forge->dates,           &forge->subject,
                                     &forge->key_info,        &forge->before_extensions,
                                     &forge->outer_algorithm, &forge->signature_bits};
    return i < ARRAY_SIZE(pieces) ? pieces[i] : NULL;
}

void forge_deinit(struct forge *forge)
{
    for (size_t i = 0; fixed_piece(forge, i); i++)
        buffer_deinit(fixed_piece(forge, i));
    for (size_t i = 0; i < FORGE_PLACES; i++)
        buffer_deinit(&forge->extensions[i]);
}

static void put_together(struct forge *forge, struct buffer *body)
{
    struct buffer list = BUFFER_NULL;
    body->size = 0;
    for (size_t i = 0; i < 8; i++)
        append(body, fixed_piece(forge, i)->data, fixed_piece(forge, i)->size);
    for (size_t i = 0; i < FORGE_PLACES; i++)
        append(&list, forge->extensions[i].data, forge->extensions[i].size);
    forge_wrap(&list, 0x30);
    forge_wrap(&list, 0xA3);
    append(body, list.data, list.size);
    forge_wrap(body, 0x30);
    buffer_deinit(&list);
}

void forge_finish(struct forge *forge, const struct signing_key *key, struct buffer *der)
{
    struct buffer body = BUFFER_NULL;
    if (!forge->keep_serial) {
        forge_set(&forge->serial, "0210 00000000000000000000000000000000");
        put_together(forge, &body);
        struct hash hash;
        hash_sha256(body.data, body.size, &hash);
        memcpy(forge->serial.data + 2, hash.bytes, 16);
        forge->serial.data[2] = (uint8_t)((forge->serial.data[2] & 0x3F) | 0x40);
    }
    put_together(forge, &body);
    if (!forge->keep_signature) {
        uint8_t signature[CERTIFICATE_SIGNATURE_SIZE];
        signing_key_sign(key, body.data, body.size, signature);
        forge_set(&forge->signature_bits, "034100");
        append(&forge->signature_bits, signature, sizeof(signature));
    }
    der->size = 0;
    append(der, body.data, body.size);
    append(der, forge->outer_algorithm.data, forge->outer_algorithm.size);
    append(der, forge->signature_bits.data, forge->signature_bits.size);
    forge_wrap(der, 0x30);
    buffer_deinit(&body);
}

HRESULT forge_parse(struct forge *forge, const struct signing_key *key)
{
    struct buffer der = BUFFER_NULL;
    struct certificate certificate;
    forge_finish(forge, key, &der);
    HRESULT hr = certificate_parse(buffer_view(&der), &certificate);
    if (FAILED(hr))
        assert_true(!certificate.owned && !certificate.peer_name);
    certificate_deinit(&certificate);
    buffer_deinit(&der);
    forge_deinit(forge);
    return hr;
}

struct signing_key *cast_key(unsigned n)
{
    uint8_t seed[SEED_SIZE] = {(uint8_t)n, (uint8_t)(n >> 8), 1};
    struct signing_key *key;
    assert_ok(signing_key_from_seed(seed, &key));
    return key;
}

struct certificate_request cast_request(const struct signing_key *key, unsigned roles)
{
    struct certificate_request request = {.kind = CERTIFICATE_MEMBER,
                                          .friendly_name = "Ann",
                                          .roles = roles,
                                          .not_before = CAST_FROM,
                                          .not_after = CAST_UNTIL};
    struct hash hash;
    char *name;
    signing_key_public(key, request.key);
    key_hash(request.key, &hash);
    assert_ok(peer_name_make(&hash, "ann", &name));
    request.peer_name = name;
    return request;
}

void cast_init(struct cast *cast)
{
    static const unsigned roles[CAST_COUNT] = {0, ROLE_ADMIN, ROLE_INVITING_MEMBER, ROLE_MEMBER};
    *cast = (struct cast){.keys = {NULL}};
    for (unsigned i = 0; i < CAST_COUNT; i++) {
        cast->keys[i] = cast_key(i);
        struct certificate_request request = cast_request(cast->keys[i], roles[i]);
        request.kind = i == CAST_GROUP ? CERTIFICATE_GROUP : CERTIFICATE_MEMBER;
        request.friendly_name = i == CAST_GROUP ? "Choir" : "Ann";
        const struct certificate *issuer = i > 0 ? &cast->certificates[i - 1] : NULL;
        assert_ok(
            certificate_issue(&request, issuer, cast->keys[i > 0 ? i - 1 : 0], &cast->ders[i]));
        assert_ok(certificate_parse(buffer_view(&cast->ders[i]), &cast->certificates[i]));
        mem_free((char *)request.peer_name);
    }
}

void cast_deinit(struct cast *cast)
{
    for (unsigned i = 0; i < CAST_COUNT; i++) {
        signing_key_free(cast->keys[i]);
        certificate_deinit(&cast->certificates[i]);
        buffer_deinit(&cast->ders[i]);
    }
}

void cast_grow(const struct cast *cast, uint32_t count, struct buffer *list)
{
    struct bytes first[] = {buffer_view(&cast->ders[CAST_GROUP]),
                            buffer_view(&cast->ders[CAST_CREATOR])};
    list->size = 0;
    assert_ok(chain_encode(first, 2, list));
    struct certificate issuer;
    struct signing_key *issuer_key = signing_key_share(cast->keys[CAST_CREATOR]);
    assert_ok(certificate_parse(buffer_view(&cast->ders[CAST_CREATOR]), &issuer));
    for (uint32_t i = 2; i <= count; i++) {
        struct signing_key *key = cast_key(100 + i);
        struct certificate_request request = cast_request(key, ROLE_INVITING_MEMBER);
        struct buffer der = BUFFER_NULL;
        assert_ok(certificate_issue(&request, &issuer, issuer_key, &der));
        assert_ok(chain_encode(&(struct bytes){der.data, der.size}, 1, list));
        certificate_deinit(&issuer);
        signing_key_free(issuer_key);
        assert_ok(certificate_parse(buffer_view(&der), &issuer));
        issuer_key = key;
        buffer_deinit(&der);
        mem_free((char *)request.peer_name);
    }
    certificate_deinit(&issuer);
    signing_key_free(issuer_key);
}
