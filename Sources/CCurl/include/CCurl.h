// libcurl, and the calls of it that Swift cannot make because they are variadic.
//
// Each shim fixes the type of the last argument; which options take which type is written in
// curl_easy_setopt(3). None of them keeps anything: libcurl copies texts, and keeps pointers
// (private data, lists, callbacks) only until the option is set again or the handle is reset.
#ifndef RINGBACK_CCURL_H
#define RINGBACK_CCURL_H

#include <curl/curl.h>

// Prepares the library once per process; later calls only count.
CURLcode ringback_curl_global_init(void);

CURLcode ringback_curl_set_long(CURL *easy, CURLoption option, long value);
CURLcode ringback_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value);
CURLcode ringback_curl_set_text(CURL *easy, CURLoption option, const char *value);
CURLcode ringback_curl_set_pointer(CURL *easy, CURLoption option, void *value);
CURLcode ringback_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value);

// Copies `count` bytes as the request's body.
CURLcode ringback_curl_copy_body(CURL *easy, const void *bytes, curl_off_t count);

// CURLOPT_WRITEFUNCTION or CURLOPT_HEADERFUNCTION, which share a signature.
CURLcode ringback_curl_set_sink(CURL *easy, CURLoption option, curl_write_callback callback);
CURLcode ringback_curl_set_prerequest(CURL *easy, curl_prereq_callback callback);

// Has the transfer connect to addresses of the public internet only.
CURLcode ringback_curl_refuse_private(CURL *easy);

// Sends one mail and returns when that is done or has failed: blocks the thread.
//
// `server` is smtp:// or smtps:// with user and password if there are any; `from` and `recipients`
// stand in angle brackets. Without TLS a password is not sent.
CURLcode ringback_curl_send_mail(const char *server, const char *from,
                                 struct curl_slist *recipients, const void *bytes, size_t count,
                                 long seconds_max);

// Whether an address, 4 bytes of IPv4 or 16 of IPv6, is no address of the public internet.
int ringback_address_is_private(const unsigned char *bytes, size_t count);

CURLcode ringback_curl_get_long(CURL *easy, CURLINFO info, long *value);
CURLcode ringback_curl_get_pointer(CURL *easy, CURLINFO info, char **value);

CURLMcode ringback_curl_multi_set_long(CURLM *multi, CURLMoption option, long value);

#endif
