/* group_config.c - PEERGROUPCONFIG: the documented elements in the clear, and GROUPDATA, which only
 * the password opens.
 *
 * Happy path: Argon2id makes a key of the password; XChaCha20-Poly1305 under it hides what is
 * secret or of no concern to others, and authenticates every other element as well, so that no part
 * can be altered or exchanged. Reading takes the elements in their order, opens GROUPDATA, and
 * compares what must agree. Failure: whatever is wrong is E_INVALIDARG. The cost of a guess is
 * fixed by the version, so a document cannot ask for more. */
#include "group/group_config.h"

#include "base/label.h"
#include "base/text.h"
#include "base/xml.h"

#include <sodium.h>

enum {
    CONFIG_VERSION = 1,
    CONFIG_KEY_SIZE = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    SALT_SIZE = crypto_pwhash_argon2id_SALTBYTES,
    ENVELOPE_HEAD = 1 + SALT_SIZE + NONCE_BYTES,
    PASSES = 3,
    MEMORY = 64 * 1024 * 1024,
    TEXT_MAX = 4 * LIMIT_FRIENDLY_NAME_UNITS,
    RECORD_HEADER_MAX = 64 * 1024,
    ELEMENT_COUNT = 7
};
_Static_assert(NONCE_BYTES == 24 && SALT_SIZE == 16 && TAG_SIZE == 16, "docs/export.md has them");

static const char data_types[] = "urn:schemas-microsoft-com:datatypes";
static const char *const element_names[ELEMENT_COUNT] = {
    "IDENTITYPEERNAME", "GROUPPEERNAME", "CLOUDNAME", "SCOPE", "CLOUDFLAGS", "GMC", "GROUPDATA"};
enum { ELEMENT_GMC = 5, ELEMENT_DATA = 6 };
static const char *const scope_names[] = {
    [SCOPE_GLOBAL] = "GLOBAL", [SCOPE_SITE_LOCAL] = "SITELOCAL", [SCOPE_LINK_LOCAL] = "LINKLOCAL"};

void group_config_deinit(struct group_config *config)
{
    mem_free(config->identity);
    mem_free(config->group);
    mem_free(config->cloud);
    mem_free(config->friendly_name);
    signing_key_free(config->group_key);
    buffer_deinit(&config->chain);
    buffer_deinit(&config->signer);
    buffer_deinit(&config->header);
    buffer_deinit(&config->payload);
    sodium_memzero(config, sizeof(*config));
}

/* ---- the envelope ---- */

/* What is authenticated beside the secret part: every other element, as it stands. */
static HRESULT bind_texts(const char *const texts[ELEMENT_DATA], struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    wire_write_fixed(&writer, label_of(LABEL_CONFIG), LABEL_SIZE);
    for (int i = 0; i < ELEMENT_DATA; i++)
        wire_write_blob(&writer, bytes_of_text(texts[i]));
    return writer.hr;
}

static HRESULT derive(const char *password, const uint8_t salt[SALT_SIZE],
                      uint8_t key[CONFIG_KEY_SIZE])
{
    int failed = crypto_pwhash(key, CONFIG_KEY_SIZE, password, strlen(password), salt, PASSES,
                               MEMORY, crypto_pwhash_ALG_ARGON2ID13);
    return failed ? E_OUTOFMEMORY : S_OK;
}

static HRESULT seal_data(struct bytes plain, struct bytes bound, const char *password,
                         struct buffer *out)
{
    uint8_t key[CONFIG_KEY_SIZE];
    HRESULT hr = buffer_reserve(out, ENVELOPE_HEAD + plain.size + TAG_SIZE);
    if (FAILED(hr))
        return hr;
    uint8_t *salt = out->data + 1, *nonce = salt + SALT_SIZE, *body = nonce + NONCE_BYTES;
    out->data[0] = CONFIG_VERSION;
    randombytes_buf(salt, SALT_SIZE + NONCE_BYTES);
    hr = derive(password, salt, key);
    unsigned long long size = 0;
    if (SUCCEEDED(hr))
        crypto_aead_xchacha20poly1305_ietf_encrypt(body, &size, plain.data, plain.size, bound.data,
                                                   bound.size, NULL, nonce, key);
    sodium_memzero(key, sizeof(key));
    out->size = SUCCEEDED(hr) ? ENVELOPE_HEAD + (size_t)size : 0;
    return hr;
}

static HRESULT open_data(struct bytes sealed, struct bytes bound, const char *password,
                         struct buffer *out)
{
    uint8_t key[CONFIG_KEY_SIZE];
    if (sealed.size < ENVELOPE_HEAD + TAG_SIZE || sealed.data[0] != CONFIG_VERSION)
        return E_INVALIDARG;
    const uint8_t *salt = sealed.data + 1, *nonce = salt + SALT_SIZE;
    HRESULT hr = buffer_reserve(out, sealed.size);
    if (SUCCEEDED(hr))
        hr = derive(password, salt, key);
    if (FAILED(hr))
        return hr;
    unsigned long long size = 0;
    int failed = crypto_aead_xchacha20poly1305_ietf_decrypt(
        out->data, &size, NULL, sealed.data + ENVELOPE_HEAD, sealed.size - ENVELOPE_HEAD,
        bound.data, bound.size, nonce, key);
    sodium_memzero(key, sizeof(key));
    out->size = failed ? 0 : (size_t)size;
    return failed ? E_INVALIDARG : S_OK;
}

/* ---- the secret part ---- */

static void encode_key(struct wire_writer *writer, const struct signing_key *key)
{
    uint8_t seed[SEED_SIZE];
    wire_write_u8(writer, key != NULL);
    if (!key)
        return;
    signing_key_seed(key, seed);
    wire_write_fixed(writer, seed, SEED_SIZE);
    sodium_memzero(seed, sizeof(seed));
}

static void encode_properties(struct wire_writer *writer, const struct group_config *config)
{
    wire_write_u8(writer, config->header.size > 0);
    if (config->header.size == 0)
        return;
    wire_write_fixed(writer, config->seal.certificate.bytes, HASH_SIZE);
    wire_write_fixed(writer, config->seal.signature, SIGNATURE_SIZE);
    wire_write_blob(writer, buffer_view(&config->signer));
    wire_write_blob(writer, buffer_view(&config->header));
    wire_write_blob(writer, buffer_view(&config->payload));
}

HRESULT group_config_encode(const struct group_config *config, struct buffer *out)
{
    struct wire_writer writer;
    wire_writer_init(&writer, out);
    /* All at once: a buffer that grows would leave copies of the secrets behind. */
    HRESULT hr = buffer_reserve(out, 4096 + config->signer.size + config->header.size +
                                         config->payload.size);
    if (FAILED(hr))
        return hr;
    encode_key(&writer, config->group_key);
    wire_write_blob(&writer, bytes_of_text(config->friendly_name));
    wire_write_fixed(&writer, config->rendezvous.secret, RENDEZVOUS_SECRET_SIZE);
    wire_write_u32(&writer, config->rendezvous.epoch);
    wire_write_addresses(&writer, &config->hints);
    wire_write_u8(&writer, (uint8_t)config->peer_count);
    for (uint32_t i = 0; i < config->peer_count; i++) {
        const struct address *address = &config->peers[i].address;
        wire_write_fixed(&writer, config->peers[i].key.bytes, HASH_SIZE);
        wire_write_fixed(&writer, address->ip, sizeof(address->ip));
        wire_write_u16(&writer, address->port);
    }
    encode_properties(&writer, config);
    return writer.hr;
}

static HRESULT decode_key(struct wire_reader *reader, struct group_config *config)
{
    uint8_t seed[SEED_SIZE];
    uint8_t has = wire_read_u8(reader);
    if (has == 0)
        return S_OK;
    wire_read_fixed(reader, seed, SEED_SIZE);
    HRESULT hr =
        reader->failed || has > 1 ? E_INVALIDARG : signing_key_from_seed(seed, &config->group_key);
    sodium_memzero(seed, sizeof(seed));
    return hr;
}

static HRESULT decode_peers(struct wire_reader *reader, struct group_config *config)
{
    config->peer_count = wire_read_u8(reader);
    if (config->peer_count > CONFIG_PEERS_MAX) {
        config->peer_count = 0;
        return E_INVALIDARG;
    }
    for (uint32_t i = 0; i < config->peer_count; i++) {
        struct address *address = &config->peers[i].address;
        wire_read_fixed(reader, config->peers[i].key.bytes, HASH_SIZE);
        wire_read_fixed(reader, address->ip, sizeof(address->ip));
        address->port = wire_read_u16(reader);
    }
    return S_OK;
}

static HRESULT keep(struct bytes from, struct buffer *to)
{
    return buffer_append(to, from.data, from.size);
}

static HRESULT decode_properties(struct wire_reader *reader, struct group_config *config)
{
    uint8_t has = wire_read_u8(reader);
    if (has == 0)
        return S_OK;
    wire_read_fixed(reader, config->seal.certificate.bytes, HASH_SIZE);
    wire_read_fixed(reader, config->seal.signature, SIGNATURE_SIZE);
    struct bytes signer = wire_read_blob(reader, LIMIT_XML_SIZE);
    struct bytes header = wire_read_blob(reader, RECORD_HEADER_MAX);
    struct bytes payload = wire_read_blob(reader, LIMIT_PIECE_SIZE);
    if (reader->failed || has > 1 || header.size == 0)
        return E_INVALIDARG;
    config->payload = BUFFER_SECRET;
    HRESULT hr = keep(signer, &config->signer);
    if (SUCCEEDED(hr))
        hr = keep(header, &config->header);
    if (SUCCEEDED(hr))
        hr = keep(payload, &config->payload);
    return hr;
}

HRESULT group_config_decode(struct bytes plain, struct group_config *config)
{
    struct wire_reader reader;
    wire_reader_init(&reader, plain);
    HRESULT hr = decode_key(&reader, config);
    struct bytes name = wire_read_text(&reader, TEXT_MAX);
    wire_read_fixed(&reader, config->rendezvous.secret, RENDEZVOUS_SECRET_SIZE);
    config->rendezvous.epoch = wire_read_u32(&reader);
    wire_read_addresses(&reader, &config->hints);
    if (SUCCEEDED(hr))
        hr = decode_peers(&reader, config);
    if (SUCCEEDED(hr))
        hr = decode_properties(&reader, config);
    if (FAILED(hr))
        return hr;
    if (!wire_reader_done(&reader) || config->hints.count > LIMIT_ADDRESSES)
        return E_INVALIDARG;
    config->friendly_name = mem_strndup((const char *)name.data, name.size);
    return config->friendly_name ? S_OK : E_OUTOFMEMORY;
}

/* ---- writing ---- */

static HRESULT encode_chain(const struct group_config *config, struct buffer *base64)
{
    struct bytes ders[LIMIT_CHAIN_LENGTH + 1];
    struct buffer pkcs7 CLEANUP_BUFFER = BUFFER_NULL;
    struct wire_reader reader;
    uint32_t count = 0;
    wire_reader_init(&reader, buffer_view(&config->chain));
    while (wire_left(&reader) > 0 && count < LIMIT_CHAIN_LENGTH + 1)
        ders[count++] = wire_read_blob(&reader, LIMIT_CERTIFICATE_SIZE);
    if (!wire_reader_done(&reader) || count == 0)
        return E_INVALIDARG;
    HRESULT hr = pkcs7_encode(ders, count, &pkcs7);
    if (SUCCEEDED(hr))
        hr = text_base64_encode(buffer_view(&pkcs7), base64);
    return SUCCEEDED(hr) ? buffer_terminate(base64) : hr;
}

static HRESULT write_xml(const char *const texts[ELEMENT_DATA], struct bytes data,
                         struct buffer *xml)
{
    struct xml_writer writer;
    xml_writer_init(&writer, xml);
    xml_write_open(&writer, "PEERGROUPCONFIG");
    xml_write_attribute(&writer, "VERSION", "1.0");
    for (int i = 0; i < ELEMENT_COUNT; i++) {
        xml_write_open(&writer, element_names[i]);
        if (i >= ELEMENT_GMC) {
            xml_write_attribute(&writer, "xmlns:dt", data_types);
            xml_write_attribute(&writer, "dt:dt", "bin.base64");
        }
        if (i == ELEMENT_DATA)
            xml_write_base64(&writer, data);
        else
            xml_write_text(&writer, texts[i]);
        xml_write_close(&writer);
    }
    xml_write_close(&writer);
    HRESULT hr = xml_writer_finish(&writer);
    return SUCCEEDED(hr) ? buffer_terminate(xml) : hr;
}

HRESULT group_config_write(const struct group_config *config, const char *password,
                           struct buffer *xml)
{
    struct buffer gmc CLEANUP_BUFFER = BUFFER_NULL;
    struct buffer bound CLEANUP_BUFFER = BUFFER_NULL;
    struct buffer data CLEANUP_BUFFER = BUFFER_NULL;
    struct buffer plain CLEANUP_BUFFER = BUFFER_SECRET;
    char flags[16];
    snprintf(flags, sizeof(flags), "%u", (unsigned)config->cloud_flags);
    HRESULT hr = encode_chain(config, &gmc);
    const char *const texts[ELEMENT_DATA] = {
        config->identity,           config->group, config->cloud,
        scope_names[config->scope], flags,         (const char *)gmc.data};
    if (SUCCEEDED(hr))
        hr = bind_texts(texts, &bound);
    if (SUCCEEDED(hr))
        hr = group_config_encode(config, &plain);
    if (SUCCEEDED(hr))
        hr = seal_data(buffer_view(&plain), buffer_view(&bound), password, &data);
    return SUCCEEDED(hr) ? write_xml(texts, buffer_view(&data), xml) : hr;
}

/* ---- reading ---- */

/* Exactly the elements, in their order, with exactly their attributes. */
static bool find_texts(const struct xml_document *document, const char *texts[ELEMENT_COUNT])
{
    const struct xml_element *root = xml_root(document);
    const char *version = xml_attribute(root, NULL, "VERSION");
    if (!xml_is(root, NULL, "PEERGROUPCONFIG") || xml_attribute_count(root) != 1 || !version ||
        strcmp(version, "1.0") != 0 || xml_has_text(root))
        return false;
    const struct xml_element *element = xml_first(root);
    for (int i = 0; i < ELEMENT_COUNT; i++) {
        if (!element || !xml_is(element, NULL, element_names[i]))
            return false;
        const char *type = xml_attribute(element, data_types, "dt");
        bool wants_type = i >= ELEMENT_GMC;
        texts[i] = xml_text(element);
        if (!texts[i] || xml_attribute_count(element) != (wants_type ? 1 : 0) ||
            (wants_type && (!type || strcmp(type, "bin.base64") != 0)))
            return false;
        element = xml_next(element);
    }
    return !element;
}

static HRESULT read_plain(const char *const texts[ELEMENT_COUNT], struct group_config *config)
{
    char flags[16];
    for (int i = SCOPE_GLOBAL; i <= SCOPE_LINK_LOCAL; i++)
        if (strcmp(texts[3], scope_names[i]) == 0)
            config->scope = (enum invitation_scope)i;
    for (uint32_t bits = 0; bits <= CLOUD_FLAG_PRIVATE; bits++) {
        snprintf(flags, sizeof(flags), "%u", (unsigned)bits);
        if (strcmp(texts[4], flags) == 0)
            config->cloud_flags = bits;
    }
    snprintf(flags, sizeof(flags), "%u", (unsigned)config->cloud_flags);
    if (config->scope == 0 || strcmp(texts[4], flags) != 0)
        return E_INVALIDARG;
    config->identity = mem_strdup(texts[0]);
    config->group = mem_strdup(texts[1]);
    config->cloud = mem_strdup(texts[2]);
    return config->identity && config->group && config->cloud ? S_OK : E_OUTOFMEMORY;
}

/* The chain is the group's, ends with the identity, and the group key is the chain's first. */
static HRESULT check_agreement(const struct group_config *config)
{
    struct chain chain;
    HRESULT hr = chain_parse(buffer_view(&config->chain), config->group, &chain);
    if (FAILED(hr))
        return hr;
    const struct certificate *own = &chain.certificates[chain.count - 1];
    uint8_t key[KEY_SIZE];
    bool agrees = chain.count > 1 && strcmp(own->peer_name, config->identity) == 0;
    if (config->group_key) {
        signing_key_public(config->group_key, key);
        agrees = agrees && memcmp(key, chain.certificates[0].key, KEY_SIZE) == 0;
    }
    chain_deinit(&chain);
    return agrees ? S_OK : E_INVALIDARG;
}

static HRESULT read_document(const struct xml_document *document, const char *password,
                             struct group_config *config)
{
    const char *texts[ELEMENT_COUNT];
    struct buffer pkcs7 CLEANUP_BUFFER = BUFFER_NULL;
    struct buffer data CLEANUP_BUFFER = BUFFER_NULL;
    struct buffer bound CLEANUP_BUFFER = BUFFER_NULL;
    struct buffer plain CLEANUP_BUFFER = BUFFER_SECRET;
    if (!find_texts(document, texts))
        return E_INVALIDARG;
    HRESULT hr = read_plain(texts, config);
    if (SUCCEEDED(hr))
        hr = text_base64_decode(bytes_of_text(texts[ELEMENT_GMC]), &pkcs7);
    if (SUCCEEDED(hr))
        hr = pkcs7_decode(buffer_view(&pkcs7), &config->chain);
    if (SUCCEEDED(hr))
        hr = text_base64_decode(bytes_of_text(texts[ELEMENT_DATA]), &data);
    if (SUCCEEDED(hr))
        hr = bind_texts(texts, &bound);
    if (SUCCEEDED(hr))
        hr = open_data(buffer_view(&data), buffer_view(&bound), password, &plain);
    if (SUCCEEDED(hr))
        hr = group_config_decode(buffer_view(&plain), config);
    return SUCCEEDED(hr) ? check_agreement(config) : hr;
}

HRESULT group_config_read(const char *xml, const char *password, struct group_config *config)
{
    struct xml_document *document CLEANUP_XML = NULL;
    *config = (struct group_config){.identity = NULL};
    HRESULT hr = xml_parse(bytes_of_text(xml), E_INVALIDARG, &document);
    if (SUCCEEDED(hr))
        hr = read_document(document, password, config);
    if (FAILED(hr))
        group_config_deinit(config);
    return FAILED(hr) && hr != E_OUTOFMEMORY ? E_INVALIDARG : hr;
}
