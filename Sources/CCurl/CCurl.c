#define _GNU_SOURCE
#include "CCurl.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

CURLcode ringback_curl_global_init(void) {
    return curl_global_init(CURL_GLOBAL_DEFAULT);
}

CURLcode ringback_curl_set_long(CURL *easy, CURLoption option, long value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode ringback_curl_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode ringback_curl_set_text(CURL *easy, CURLoption option, const char *value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode ringback_curl_set_pointer(CURL *easy, CURLoption option, void *value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode ringback_curl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(easy, option, value);
}

CURLcode ringback_curl_copy_body(CURL *easy, const void *bytes, curl_off_t count) {
    // The size comes first: COPYPOSTFIELDS copies as many bytes as it says.
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, count);
    if (code != CURLE_OK) {
        return code;
    }
    return curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, bytes);
}

CURLcode ringback_curl_set_sink(CURL *easy, CURLoption option, curl_write_callback callback) {
    return curl_easy_setopt(easy, option, callback);
}

CURLcode ringback_curl_set_prerequest(CURL *easy, curl_prereq_callback callback) {
    return curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, callback);
}

static int is_private_four(const unsigned char *a) {
    return a[0] == 0 || a[0] == 10 || a[0] == 127 || a[0] >= 224 ||
           (a[0] == 100 && (a[1] & 0xC0) == 64) || (a[0] == 169 && a[1] == 254) ||
           (a[0] == 172 && (a[1] & 0xF0) == 16) || (a[0] == 192 && a[1] == 168) ||
           (a[0] == 192 && a[1] == 0 && (a[2] == 0 || a[2] == 2)) ||
           (a[0] == 198 && (a[1] & 0xFE) == 18) || (a[0] == 198 && a[1] == 51 && a[2] == 100) ||
           (a[0] == 203 && a[1] == 0 && a[2] == 113);
}

int ringback_address_is_private(const unsigned char *a, size_t count) {
    if (count == 4) {
        return is_private_four(a);
    }
    if (count != 16) {
        return 1;
    }
    static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    static const unsigned char translated[12] = {0, 0x64, 0xFF, 0x9B, 0, 0, 0, 0, 0, 0, 0, 0};
    if (memcmp(a, mapped, 12) == 0 || memcmp(a, translated, 12) == 0) {
        return is_private_four(a + 12);
    }
    if (a[0] == 0x20 && a[1] == 0x02) {
        // 6to4 carries an address of IPv4.
        return is_private_four(a + 2);
    }
    // Only 2000::/3 is given out; of it Teredo and the addresses of documentation are not public.
    return (a[0] & 0xE0) != 0x20 || (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0 && a[3] == 0) ||
           (a[0] == 0x20 && a[1] == 0x01 && a[2] == 0x0D && a[3] == 0xB8);
}

static curl_socket_t open_public(void *data, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)data;
    (void)purpose;
    int is_private = 1;
    if (address->family == AF_INET) {
        struct sockaddr_in four;
        memcpy(&four, &address->addr, sizeof four);
        is_private = ringback_address_is_private((const unsigned char *)&four.sin_addr, 4);
    } else if (address->family == AF_INET6) {
        struct sockaddr_in6 six;
        memcpy(&six, &address->addr, sizeof six);
        is_private = ringback_address_is_private((const unsigned char *)&six.sin6_addr, 16);
    }
    if (is_private) {
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

CURLcode ringback_curl_refuse_private(CURL *easy) {
    return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_public);
}

CURLcode ringback_curl_get_long(CURL *easy, CURLINFO info, long *value) {
    return curl_easy_getinfo(easy, info, value);
}

CURLcode ringback_curl_get_pointer(CURL *easy, CURLINFO info, char **value) {
    return curl_easy_getinfo(easy, info, value);
}

CURLMcode ringback_curl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

struct mail_text {
    const char *bytes;
    size_t left;
};

static size_t read_mail(char *buffer, size_t size, size_t count, void *data) {
    struct mail_text *text = data;
    size_t room = size * count;
    size_t length = text->left < room ? text->left : room;
    memcpy(buffer, text->bytes, length);
    text->bytes += length;
    text->left -= length;
    return length;
}

CURLcode ringback_curl_send_mail(const char *server, const char *from,
                                 struct curl_slist *recipients, const void *bytes, size_t count,
                                 long seconds_max) {
    CURLcode code = ringback_curl_global_init();
    if (code != CURLE_OK) {
        return code;
    }
    CURL *easy = curl_easy_init();
    if (easy == NULL) {
        return CURLE_OUT_OF_MEMORY;
    }
    struct mail_text text = {bytes, count};
    long tls = strchr(server, '@') == NULL ? CURLUSESSL_TRY : CURLUSESSL_ALL;
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT, seconds_max);
    curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, read_mail);
    curl_easy_setopt(easy, CURLOPT_READDATA, &text);
    if ((code = curl_easy_setopt(easy, CURLOPT_USE_SSL, tls)) == CURLE_OK &&
        (code = curl_easy_setopt(easy, CURLOPT_URL, server)) == CURLE_OK &&
        (code = curl_easy_setopt(easy, CURLOPT_MAIL_FROM, from)) == CURLE_OK &&
        (code = curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients)) == CURLE_OK) {
        code = curl_easy_perform(easy);
    }
    curl_easy_cleanup(easy);
    return code;
}
