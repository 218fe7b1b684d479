/* The contract between gatherers and host-min, version 1, for C and C++: see docs/languages.md.
 *
 * Made by `BLESS=1 cargo test -p tests --test languages`, from guest-sdk/abi. Do not edit.
 *
 *   clang --target=wasm32 -Os -nostdlib -Wl,--no-entry -o guest.wasm guest.c
 */
#ifndef WAGATHER_H
#define WAGATHER_H

#include <stdint.h>

#ifdef __cplusplus
#define WAGATHER_C extern "C"
#define WAGATHER_ASSERT(what) static_assert(what, #what)
#else
#define WAGATHER_C
#define WAGATHER_ASSERT(what) _Static_assert(what, #what)
#endif

/* A record of the manifest, which has one for each line: WAGATHER_RECORD("path /version"); outside of functions. */
#define WAGATHER_RECORD(record) \
    __asm__(".section .custom_section.wagather.manifest,\"\",@\n.ascii \"" record "\\n\"\n.text\n")

/* The function that the host calls: WAGATHER_GATHER { ...; return 0; } */
#define WAGATHER_GATHER \
    WAGATHER_C __attribute__((export_name("gather"))) int32_t wagather_gather(void)

/* UTF-8, without a NUL at the end. One of length 0 may have any address. */
typedef struct {
    const char *ptr;
    uint32_t len;
} wagather_text;

/* The text of a literal. */
#define WAGATHER_TEXT(literal) { literal, sizeof(literal) - 1 }

/* What to read; a text that is not given has the length 0. contract.md says what each is. */
typedef struct {
    uint8_t verb;
    uint8_t reserved[3];
    uint32_t limit;
    wagather_text version;
    wagather_text resource;
    wagather_text group;
    wagather_text namespace_;
    wagather_text name;
    wagather_text subresource;
    wagather_text labels;
    wagather_text fields;
    wagather_text mask;
    wagather_text query;
} wagather_request;

#ifdef __wasm32__
WAGATHER_ASSERT(sizeof(wagather_request) == 88);
WAGATHER_ASSERT(__builtin_offsetof(wagather_request, verb) == 0);
WAGATHER_ASSERT(__builtin_offsetof(wagather_request, limit) == 4);
WAGATHER_ASSERT(__builtin_offsetof(wagather_request, version) == 8);
WAGATHER_ASSERT(__builtin_offsetof(wagather_request, resource) == 16);
WAGATHER_ASSERT(__builtin_offsetof(wagather_request, group) == 24);
WAGATHER_ASSERT(__builtin_offsetof(wagather_request, namespace_) == 32);
WAGATHER_ASSERT(__builtin_offsetof(wagather_request, name) == 40);
WAGATHER_ASSERT(__builtin_offsetof(wagather_request, subresource) == 48);
WAGATHER_ASSERT(__builtin_offsetof(wagather_request, labels) == 56);
WAGATHER_ASSERT(__builtin_offsetof(wagather_request, fields) == 64);
WAGATHER_ASSERT(__builtin_offsetof(wagather_request, mask) == 72);
WAGATHER_ASSERT(__builtin_offsetof(wagather_request, query) == 80);
#endif

enum {
    WAGATHER_GET = 1,
    WAGATHER_LIST = 2,
    WAGATHER_RAW = 3,
};

/* Levels of wagather_log. */
enum {
    WAGATHER_LOG_DEBUG = 0,
    WAGATHER_LOG_INFO = 1,
    WAGATHER_LOG_WARN = 2,
    WAGATHER_LOG_ERROR = 3,
};

/* What a result below 0 means; -100 to -599 are HTTP statuses of the API server, negated. */
enum {
    WAGATHER_DENIED = -1, /* not declared in the manifest or not granted */
    WAGATHER_BAD_POINTER = -2, /* a pointer outside of the guest's memory */
    WAGATHER_BAD_HANDLE = -3, /* a handle that is closed or invalid */
    WAGATHER_BAD_REQUEST = -4, /* a malformed request */
    WAGATHER_WRONG_MODE = -5, /* reading a response in the wrong mode */
    WAGATHER_TOO_LARGE = -6, /* larger than the host's limit */
    WAGATHER_OUT_OF_BUDGET = -7, /* a budget is used up */
    WAGATHER_UNREACHABLE = -8, /* the API server could not be reached */
    WAGATHER_BAD_ANSWER = -9, /* the API server's response cannot be decoded */
    WAGATHER_ABSENT = -10, /* there is no such parameter */
    WAGATHER_EXISTS = -11, /* an entry of that name already exists */
    WAGATHER_BAD_NAME = -12, /* not a valid entry name */
    WAGATHER_UNSUPPORTED = -13, /* not supported by this host */
    WAGATHER_TIMED_OUT = -14, /* the deadline passed */
    WAGATHER_OUTPUT_FAILED = -15, /* the archive could not be written */
    WAGATHER_NOT_TEXT = -16, /* not UTF-8 text */
    WAGATHER_DECODE = -17, /* the JSON does not match the type */
    WAGATHER_NO_ROOM = -18, /* a buffer of the guest is too small */
    WAGATHER_BAD_SHAPE = -19, /* a malformed shape */
};

/* What wagather_rest_reject says was wanted. */
enum {
    WAGATHER_WANTED_UNSAID = 0,
    WAGATHER_WANTED_STRING = 1,
    WAGATHER_WANTED_BOOLEAN = 2,
    WAGATHER_WANTED_OBJECT = 3,
    WAGATHER_WANTED_ARRAY = 4,
    WAGATHER_WANTED_MAP = 5,
    WAGATHER_WANTED_OTHER = 6,
    WAGATHER_WANTED_NUMBER = 9,
    WAGATHER_WANTED_INTEGER_OR_STRING = 10,
    WAGATHER_WANTED_NUMBER_OR_STRING = 11,
    WAGATHER_WANTED_LESS = 12,
    WAGATHER_WANTED_INTEGER = 16,
    WAGATHER_WANTED_SIGNED = 4,
};

#define WAGATHER_MAX_NAME_BYTES 253
#define WAGATHER_MAX_SELECTOR_BYTES 4096
#define WAGATHER_MAX_MASK_BYTES 16384
#define WAGATHER_MAX_MASK_DEPTH 32
#define WAGATHER_MAX_SHAPE_BYTES 16384
#define WAGATHER_MAX_SHAPE_DEPTH 32
#define WAGATHER_MAX_STRUCTURE_BYTES 65536
#define WAGATHER_MAX_ARENA_BYTES 67108864
#define WAGATHER_MAX_MANIFEST_BYTES 65536
#define WAGATHER_MAX_MANIFEST_RECORDS 512
#define WAGATHER_MAX_GATHERER_NAME_BYTES 63
#define WAGATHER_MAX_ENTRY_NAME_BYTES 180
#define WAGATHER_MAX_FIELD_BYTES 1024
#define WAGATHER_MAX_LOG_LINE_BYTES 4096
#define WAGATHER_MAX_PARAM_NAME_BYTES 256
#define WAGATHER_MAX_WRITE_BYTES 1048576

#define WAGATHER_IMPORT(name) \
    WAGATHER_C __attribute__((import_module("wagather_v1"), import_name(#name)))

/* Starts a request and returns at once: a handle, or a status if the request is refused. */
WAGATHER_IMPORT(rest_start)
int32_t wagather_rest_start(const wagather_request *request);

/* Waits for the head of the answer: its HTTP status, or a status if there is no answer. */
WAGATHER_IMPORT(rest_status)
int32_t wagather_rest_status(int32_t handle);

/* Copies the next bytes of the body: how many, 0 at the end. */
WAGATHER_IMPORT(rest_read)
int32_t wagather_rest_read(int32_t handle, void *buffer, uint32_t cap);

/* Copies the next item of a list, or the object of a get, as JSON: its length, 0 after the last. A result
   above `cap` copies nothing and loses nothing: call again with that much room. */
WAGATHER_IMPORT(rest_next)
int32_t wagather_rest_next(int32_t handle, void *buffer, uint32_t cap);

/* Decodes the next item by a shape, into the guest's memory: how many bytes of `arena` it takes, 0 after the
   last. A result above `cap` changes nothing and loses nothing: call again with that much room. */
WAGATHER_IMPORT(rest_next_as)
int32_t wagather_rest_next_as(int32_t handle, const void *shape, void *arena, uint32_t cap);

/* Says that the item that `rest_next` gave last does not fit: from which of its bytes on, and what was
   wanted there. The host names it in the report. */
WAGATHER_IMPORT(rest_reject)
int32_t wagather_rest_reject(int32_t handle, uint32_t at, uint32_t wanted);

/* Says whether a field is hidden of the objects that the request is for, by the grant or by redaction: 1, or
   0 if it is not, so that it is absent where it does not come. `field` is a path such as `spec.nodeName`. */
WAGATHER_IMPORT(rest_hides)
int32_t wagather_rest_hides(int32_t handle, const void *field, uint32_t field_len);

/* Gives the handle back; what was not read yet is dropped. */
WAGATHER_IMPORT(rest_close)
int32_t wagather_rest_close(int32_t handle);

/* Writes the whole answer to the archive without copying it to the guest: how many entries. Lists and
   objects go to their conventional places, a raw body goes to the entry `name`. */
WAGATHER_IMPORT(archive_pipe)
int32_t wagather_archive_pipe(int32_t handle, const void *name, uint32_t name_len);

/* Opens an entry of the gatherer's own: a handle. */
WAGATHER_IMPORT(archive_open)
int32_t wagather_archive_open(const void *name, uint32_t name_len);

/* Appends to an open entry: all of `bytes`, or a status and none of them. */
WAGATHER_IMPORT(archive_write)
int32_t wagather_archive_write(int32_t handle, const void *bytes, uint32_t len);

/* Appends a structure to an open entry, as JSON by its shape: how many bytes, or a status. */
WAGATHER_IMPORT(archive_write_as)
int32_t wagather_archive_write_as(int32_t handle, const void *shape, const void *from);

/* Completes an entry. One that is never closed is left out of the archive and reported. */
WAGATHER_IMPORT(archive_close)
int32_t wagather_archive_close(int32_t handle);

/* Writes one line to the log of the run. */
WAGATHER_IMPORT(log)
int32_t wagather_log(int32_t level, const void *text, uint32_t len);

/* Copies a parameter that the manifest declares: its length, or ABSENT. A result above `cap` copies nothing. */
WAGATHER_IMPORT(param)
int32_t wagather_param(const void *name, uint32_t name_len, void *buffer, uint32_t cap);

/* Milliseconds since the Unix epoch; in a replay, the time of the recording. */
WAGATHER_IMPORT(now)
int64_t wagather_now(void);

#endif
