/* identity_xml.h - an identity as XML, the way it travels to who will invite it.
 *
 * <PEERIDENTITYINFO VERSION="1.0"><IDC dt:dt="bin.base64"
 * xmlns:dt="urn:schemas-microsoft-com:datatypes">...</IDC></PEERIDENTITYINFO>, where IDC holds the
 * identity's self-signed certificate as PKCS#7. */
#ifndef GROUP_IDENTITY_XML_H
#define GROUP_IDENTITY_XML_H

#include "group/certificate.h"

/* identity_xml_make writes an identity of this user, NULL: the default one (free *xml with
 * mem_free). An unchanged identity gives the same text each time. Codes of identity_find and
 * identity_key; CRYPT_E_BAD_ENCODE. *xml is NULL after a failure. */
HRESULT identity_xml_make(const char *peer_name, char **xml) MUST_CHECK;

/* identity_xml_parse reads such a text from anybody: *certificate (release with certificate_deinit)
 * and its DER, appended to der. E_INVALIDARG: not a valid one; E_OUTOFMEMORY. Neither output holds
 * anything after a failure. Dates against now are the caller's affair. */
HRESULT identity_xml_parse(const char *xml, struct certificate *certificate,
                           struct buffer *der) MUST_CHECK;

struct identity;
/* identity_certificate appends the DER of an identity's own certificate, which the same values
 * always give alike. key is the identity's. CRYPT_E_BAD_ENCODE, E_INVALIDARG, E_OUTOFMEMORY. */
HRESULT identity_certificate(const struct identity *identity, const struct signing_key *key,
                             struct buffer *der) MUST_CHECK;

#endif
