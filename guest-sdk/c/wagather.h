/* The contract between gatherers and host-min, version 1, for C and C++: see docs/languages.md.
 *
 * The part above the mark is made by `BLESS=1 cargo test -p tests --test languages`, from guest-sdk/abi.
 *
 *   clang --target=wasm32 -Os -nostdlib -Wl,--no-entry -o guest.wasm guest.c
 */
#ifndef WAGATHER_H
#define WAGATHER_H

#include <stddef.h>
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
    WAGATHER_DISCOVER = 4,
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

/* Appends a structure to an open entry, as JSON by its shape: how many bytes, or a status. `before` is an
   ASCII character that goes before it, such as the comma between two elements, or 0. */
WAGATHER_IMPORT(archive_write_as)
int32_t wagather_archive_write_as(int32_t handle, const void *shape, const void *from, uint32_t before);

/* Completes an entry. One that is never closed is left out of the archive and reported. */
WAGATHER_IMPORT(archive_close)
int32_t wagather_archive_close(int32_t handle);

/* Writes one line to the log of the run. */
WAGATHER_IMPORT(log)
int32_t wagather_log(int32_t level, const void *text, uint32_t len);

/* Writes one line to the log: of a structure, by its shape, the name and the value of each field, one after
   the other. */
WAGATHER_IMPORT(log_as)
int32_t wagather_log_as(int32_t level, const void *shape, const void *from);

/* Decodes JSON that the guest has, by a shape: how many bytes of `arena` it takes. `text` is the address of
   an address and a length. A result above `cap` changes nothing. */
WAGATHER_IMPORT(json_read_as)
int32_t wagather_json_read_as(const void *text, const void *shape, void *arena, uint32_t cap);

/* Copies a parameter that the manifest declares: its length, or ABSENT. A result above `cap` copies nothing. */
WAGATHER_IMPORT(param)
int32_t wagather_param(const void *name, uint32_t name_len, void *buffer, uint32_t cap);

/* Milliseconds since the Unix epoch; in a replay, the time of the recording. */
WAGATHER_IMPORT(now)
int64_t wagather_now(void);

/* A shape's initializer, in so many levels as structures may nest: a macro does not expand within itself. */
#define WAGATHER_INIT_1(T, KIND, ...) \
    WAGATHER_CLASS_##KIND(WAGATHER_INIT_1_)(KIND, T, __VA_ARGS__)
#define WAGATHER_INIT_1_FLAT(KIND, ...) WAGATHER_FLAT_##KIND(__VA_ARGS__)
#define WAGATHER_INIT_1_NESTED(KIND, T, member, key, E) \
    { WAGATHER_HEAD_##KIND(T, member, key, E), { E##_fields(WAGATHER_INIT_2, E) 0 } },
#define WAGATHER_INIT_2(T, KIND, ...) \
    WAGATHER_CLASS_##KIND(WAGATHER_INIT_2_)(KIND, T, __VA_ARGS__)
#define WAGATHER_INIT_2_FLAT(KIND, ...) WAGATHER_FLAT_##KIND(__VA_ARGS__)
#define WAGATHER_INIT_2_NESTED(KIND, T, member, key, E) \
    { WAGATHER_HEAD_##KIND(T, member, key, E), { E##_fields(WAGATHER_INIT_3, E) 0 } },
#define WAGATHER_INIT_3(T, KIND, ...) \
    WAGATHER_CLASS_##KIND(WAGATHER_INIT_3_)(KIND, T, __VA_ARGS__)
#define WAGATHER_INIT_3_FLAT(KIND, ...) WAGATHER_FLAT_##KIND(__VA_ARGS__)
#define WAGATHER_INIT_3_NESTED(KIND, T, member, key, E) \
    { WAGATHER_HEAD_##KIND(T, member, key, E), { E##_fields(WAGATHER_INIT_4, E) 0 } },
#define WAGATHER_INIT_4(T, KIND, ...) \
    WAGATHER_CLASS_##KIND(WAGATHER_INIT_4_)(KIND, T, __VA_ARGS__)
#define WAGATHER_INIT_4_FLAT(KIND, ...) WAGATHER_FLAT_##KIND(__VA_ARGS__)
#define WAGATHER_INIT_4_NESTED(KIND, T, member, key, E) \
    { WAGATHER_HEAD_##KIND(T, member, key, E), { E##_fields(WAGATHER_INIT_5, E) 0 } },
#define WAGATHER_INIT_5(T, KIND, ...) \
    WAGATHER_CLASS_##KIND(WAGATHER_INIT_5_)(KIND, T, __VA_ARGS__)
#define WAGATHER_INIT_5_FLAT(KIND, ...) WAGATHER_FLAT_##KIND(__VA_ARGS__)
#define WAGATHER_INIT_5_NESTED(KIND, T, member, key, E) \
    { WAGATHER_HEAD_##KIND(T, member, key, E), { E##_fields(WAGATHER_INIT_6, E) 0 } },
#define WAGATHER_INIT_6(T, KIND, ...) \
    WAGATHER_CLASS_##KIND(WAGATHER_INIT_6_)(KIND, T, __VA_ARGS__)
#define WAGATHER_INIT_6_FLAT(KIND, ...) WAGATHER_FLAT_##KIND(__VA_ARGS__)
#define WAGATHER_INIT_6_NESTED(KIND, T, member, key, E) \
    { WAGATHER_HEAD_##KIND(T, member, key, E), { E##_fields(WAGATHER_INIT_7, E) 0 } },
#define WAGATHER_INIT_7(T, KIND, ...) \
    WAGATHER_CLASS_##KIND(WAGATHER_INIT_7_)(KIND, T, __VA_ARGS__)
#define WAGATHER_INIT_7_FLAT(KIND, ...) WAGATHER_FLAT_##KIND(__VA_ARGS__)
#define WAGATHER_INIT_7_NESTED(KIND, T, member, key, E) \
    { WAGATHER_HEAD_##KIND(T, member, key, E), { E##_fields(WAGATHER_INIT_8, E) 0 } },
#define WAGATHER_INIT_8(T, KIND, ...) \
    WAGATHER_CLASS_##KIND(WAGATHER_INIT_8_)(KIND, T, __VA_ARGS__)
#define WAGATHER_INIT_8_FLAT(KIND, ...) WAGATHER_FLAT_##KIND(__VA_ARGS__)
#define WAGATHER_INIT_8_NESTED(KIND, T, member, key, E) \
    { WAGATHER_HEAD_##KIND(T, member, key, E), { E##_fields(WAGATHER_INIT_9, E) 0 } },

/* By hand from here on. These wrappers need neither a C library nor a heap.
 *
 * Declare a structure as a list of its fields. The list defines both the C structure and its shape, with which the host fills it from
 * JSON or writes it as JSON:
 *
 *   #define pod_fields(_, T) \
 *       _(T, TEXT, name, "name") \
 *       _(T, LIST, containers, "containers", container)
 *   WAGATHER_STRUCT(pod);
 *   WAGATHER_SHAPE(pod_shape, pod);
 *
 * | kind          | further argument  | member                                | JSON                                  |
 * |---------------|-------------------|---------------------------------------|---------------------------------------|
 * | TEXT          |                   | wagather_text                         | a string                              |
 * | NUMBER_TEXT   |                   | wagather_text                         | a string or a number                  |
 * | JSON          |                   | wagather_text                         | the text of any JSON value            |
 * | BOOL          |                   | uint8_t                               | true or false                         |
 * | MAYBE_BOOL    |                   | uint8_t, 2 if absent                  | the same                              |
 * | I8 to I64     |                   | int8_t to int64_t                     | a signed integer                      |
 * | U8 to U64     |                   | uint8_t to uint64_t                   | an unsigned integer                   |
 * | F64           |                   | double                                | a number                              |
 * | OPTIONAL      | I8 to F64         | { value; uint8_t is_there; }          | the same, or absent                   |
 * | ENUM          | "One\0Two\0"      | uint8_t: 1 for One, 2 for Two, or 0   | a string                              |
 * | TEXTS         |                   | { const wagather_text *ptr; len; }    | an array of strings                   |
 * | TEXT_MAP      |                   | { const wagather_pair *ptr; len; }    | an object: any keys, string values    |
 * | OBJECT        | a structure       | the structure                         | an object                             |
 * | POINTER       | a structure       | its address, or null                  | an object, or absent                  |
 * | LIST          | a structure       | { const structure *ptr; len; }        | an array of objects                   |
 * | MAP           | a structure       | { const { key; value; } *ptr; len; }  | an object: any keys, object values    |
 *
 * An absent field is 0 or empty. The host provides only the fields in the manifest's mask.
 */
typedef struct {
    wagather_text key;
    wagather_text value;
} wagather_pair;

#define WAGATHER_STRUCT(T) \
    typedef struct { T##_fields(WAGATHER_MEMBER, T) } T; \
    WAGATHER_ASSERT(sizeof(T) < 16384); \
    typedef struct { T##_fields(WAGATHER_PART, T) char wagather_end; } T##_object

#define WAGATHER_SHAPE(shape, T) \
    static const struct { uint8_t size[2]; char kind; T##_object object; } shape = { \
        WAGATHER_NUMBER(sizeof(T)), '(', { T##_fields(WAGATHER_INIT_1, T) 0 } \
    }

/* The member of the C structure. */
#define WAGATHER_MEMBER(T, KIND, ...) WAGATHER_MEMBER_##KIND(__VA_ARGS__)
#define WAGATHER_MEMBER_TEXT(member, key) wagather_text member;
#define WAGATHER_MEMBER_NUMBER_TEXT(member, key) wagather_text member;
#define WAGATHER_MEMBER_JSON(member, key) wagather_text member;
#define WAGATHER_MEMBER_BOOL(member, key) uint8_t member;
#define WAGATHER_MEMBER_MAYBE_BOOL(member, key) uint8_t member;
#define WAGATHER_MEMBER_I8(member, key) int8_t member;
#define WAGATHER_MEMBER_I16(member, key) int16_t member;
#define WAGATHER_MEMBER_I32(member, key) int32_t member;
#define WAGATHER_MEMBER_I64(member, key) int64_t member;
#define WAGATHER_MEMBER_U8(member, key) uint8_t member;
#define WAGATHER_MEMBER_U16(member, key) uint16_t member;
#define WAGATHER_MEMBER_U32(member, key) uint32_t member;
#define WAGATHER_MEMBER_U64(member, key) uint64_t member;
#define WAGATHER_MEMBER_F64(member, key) double member;
#define WAGATHER_MEMBER_OPTIONAL(member, key, KIND) \
    struct { WAGATHER_MEMBER_##KIND(value, key) uint8_t is_there; } member;
#define WAGATHER_MEMBER_ENUM(member, key, names) uint8_t member;
#define WAGATHER_MEMBER_TEXTS(member, key) struct { const wagather_text *ptr; uint32_t len; } member;
#define WAGATHER_MEMBER_TEXT_MAP(member, key) struct { const wagather_pair *ptr; uint32_t len; } member;
#define WAGATHER_MEMBER_OBJECT(member, key, E) E member;
#define WAGATHER_MEMBER_POINTER(member, key, E) const E *member;
#define WAGATHER_MEMBER_LIST(member, key, E) struct { const E *ptr; uint32_t len; } member;
#define WAGATHER_MEMBER_MAP(member, name, E) \
    struct { const struct { wagather_text key; E value; } *ptr; uint32_t len; } member;

/* The bytes of a field's shape: as a structure, and as its initializer. */
#define WAGATHER_NUMBER(number) { (uint8_t)(((number) & 127) | 128), (uint8_t)((number) >> 7) }
#define WAGATHER_OFFSET(T, member) WAGATHER_NUMBER(__builtin_offsetof(T, member))
#define WAGATHER_NAMED(key) char kind; uint8_t offset[2]; char name[sizeof key];
#define WAGATHER_SCALAR(member, key) struct { WAGATHER_NAMED(key) } member;

#define WAGATHER_PART(T, KIND, ...) WAGATHER_PART_##KIND(__VA_ARGS__)
#define WAGATHER_PART_TEXT WAGATHER_SCALAR
#define WAGATHER_PART_NUMBER_TEXT WAGATHER_SCALAR
#define WAGATHER_PART_JSON WAGATHER_SCALAR
#define WAGATHER_PART_BOOL WAGATHER_SCALAR
#define WAGATHER_PART_MAYBE_BOOL WAGATHER_SCALAR
#define WAGATHER_PART_I8 WAGATHER_SCALAR
#define WAGATHER_PART_I16 WAGATHER_SCALAR
#define WAGATHER_PART_I32 WAGATHER_SCALAR
#define WAGATHER_PART_I64 WAGATHER_SCALAR
#define WAGATHER_PART_U8 WAGATHER_SCALAR
#define WAGATHER_PART_U16 WAGATHER_SCALAR
#define WAGATHER_PART_U32 WAGATHER_SCALAR
#define WAGATHER_PART_U64 WAGATHER_SCALAR
#define WAGATHER_PART_F64 WAGATHER_SCALAR
#define WAGATHER_PART_OPTIONAL(member, key, KIND) struct { char mark; uint8_t flag[2]; WAGATHER_NAMED(key) } member;
#define WAGATHER_PART_ENUM(member, key, names) struct { WAGATHER_NAMED(key) char texts[sizeof names]; } member;
#define WAGATHER_PART_TEXTS(member, key) struct { WAGATHER_NAMED(key) uint8_t stride[2]; char element; } member;
#define WAGATHER_PART_TEXT_MAP(member, key) \
    struct { WAGATHER_NAMED(key) uint8_t stride[2], value[2]; char element; } member;
#define WAGATHER_PART_OBJECT(member, key, E) struct { struct { WAGATHER_NAMED(key) } head; E##_object object; } member;
#define WAGATHER_PART_POINTER(member, key, E) \
    struct { struct { WAGATHER_NAMED(key) uint8_t size[2]; } head; E##_object object; } member;
#define WAGATHER_PART_LIST(member, key, E) \
    struct { struct { WAGATHER_NAMED(key) uint8_t stride[2]; char element; } head; E##_object object; } member;
#define WAGATHER_PART_MAP(member, key, E) \
    struct { struct { WAGATHER_NAMED(key) uint8_t stride[2], value[2]; char element; } head; E##_object object; } member;

#define WAGATHER_CLASS_TEXT(init) init##FLAT
#define WAGATHER_CLASS_NUMBER_TEXT(init) init##FLAT
#define WAGATHER_CLASS_JSON(init) init##FLAT
#define WAGATHER_CLASS_BOOL(init) init##FLAT
#define WAGATHER_CLASS_MAYBE_BOOL(init) init##FLAT
#define WAGATHER_CLASS_I8(init) init##FLAT
#define WAGATHER_CLASS_I16(init) init##FLAT
#define WAGATHER_CLASS_I32(init) init##FLAT
#define WAGATHER_CLASS_I64(init) init##FLAT
#define WAGATHER_CLASS_U8(init) init##FLAT
#define WAGATHER_CLASS_U16(init) init##FLAT
#define WAGATHER_CLASS_U32(init) init##FLAT
#define WAGATHER_CLASS_U64(init) init##FLAT
#define WAGATHER_CLASS_F64(init) init##FLAT
#define WAGATHER_CLASS_OPTIONAL(init) init##FLAT
#define WAGATHER_CLASS_ENUM(init) init##FLAT
#define WAGATHER_CLASS_TEXTS(init) init##FLAT
#define WAGATHER_CLASS_TEXT_MAP(init) init##FLAT
#define WAGATHER_CLASS_OBJECT(init) init##NESTED
#define WAGATHER_CLASS_POINTER(init) init##NESTED
#define WAGATHER_CLASS_LIST(init) init##NESTED
#define WAGATHER_CLASS_MAP(init) init##NESTED

#define WAGATHER_LETTER_I8 'b'
#define WAGATHER_LETTER_I16 'h'
#define WAGATHER_LETTER_I32 'i'
#define WAGATHER_LETTER_I64 'q'
#define WAGATHER_LETTER_U8 'B'
#define WAGATHER_LETTER_U16 'H'
#define WAGATHER_LETTER_U32 'I'
#define WAGATHER_LETTER_U64 'Q'
#define WAGATHER_LETTER_F64 'd'

#define WAGATHER_FLAT_TEXT(T, member, key) { 't', WAGATHER_OFFSET(T, member), key },
#define WAGATHER_FLAT_NUMBER_TEXT(T, member, key) { 'v', WAGATHER_OFFSET(T, member), key },
#define WAGATHER_FLAT_JSON(T, member, key) { 'j', WAGATHER_OFFSET(T, member), key },
#define WAGATHER_FLAT_BOOL(T, member, key) { 'y', WAGATHER_OFFSET(T, member), key },
#define WAGATHER_FLAT_MAYBE_BOOL(T, member, key) { 'Y', WAGATHER_OFFSET(T, member), key },
#define WAGATHER_FLAT_I8(T, member, key) { WAGATHER_LETTER_I8, WAGATHER_OFFSET(T, member), key },
#define WAGATHER_FLAT_I16(T, member, key) { WAGATHER_LETTER_I16, WAGATHER_OFFSET(T, member), key },
#define WAGATHER_FLAT_I32(T, member, key) { WAGATHER_LETTER_I32, WAGATHER_OFFSET(T, member), key },
#define WAGATHER_FLAT_I64(T, member, key) { WAGATHER_LETTER_I64, WAGATHER_OFFSET(T, member), key },
#define WAGATHER_FLAT_U8(T, member, key) { WAGATHER_LETTER_U8, WAGATHER_OFFSET(T, member), key },
#define WAGATHER_FLAT_U16(T, member, key) { WAGATHER_LETTER_U16, WAGATHER_OFFSET(T, member), key },
#define WAGATHER_FLAT_U32(T, member, key) { WAGATHER_LETTER_U32, WAGATHER_OFFSET(T, member), key },
#define WAGATHER_FLAT_U64(T, member, key) { WAGATHER_LETTER_U64, WAGATHER_OFFSET(T, member), key },
#define WAGATHER_FLAT_F64(T, member, key) { WAGATHER_LETTER_F64, WAGATHER_OFFSET(T, member), key },
#define WAGATHER_FLAT_OPTIONAL(T, member, key, KIND) \
    { '?', WAGATHER_OFFSET(T, member.is_there), WAGATHER_LETTER_##KIND, WAGATHER_OFFSET(T, member.value), key },
#define WAGATHER_FLAT_ENUM(T, member, key, names) { 'e', WAGATHER_OFFSET(T, member), key, names },
#define WAGATHER_FLAT_TEXTS(T, member, key) \
    { '[', WAGATHER_OFFSET(T, member), key, WAGATHER_NUMBER(sizeof(wagather_text)), 't' },
#define WAGATHER_FLAT_TEXT_MAP(T, member, key) \
    { '{', WAGATHER_OFFSET(T, member), key, WAGATHER_NUMBER(sizeof(wagather_pair)), \
      WAGATHER_OFFSET(wagather_pair, value), 't' },

#define WAGATHER_HEAD_OBJECT(T, member, key, E) { '(', WAGATHER_OFFSET(T, member), key }
#define WAGATHER_HEAD_POINTER(T, member, key, E) { '&', WAGATHER_OFFSET(T, member), key, WAGATHER_NUMBER(sizeof(E)) }
#define WAGATHER_HEAD_LIST(T, member, key, E) \
    { '[', WAGATHER_OFFSET(T, member), key, WAGATHER_NUMBER(sizeof(E)), '(' }
/* An entry consists of the key, and the value at the next aligned address. */
#define WAGATHER_HEAD_MAP(T, member, key, E) \
    { '{', WAGATHER_OFFSET(T, member), key, WAGATHER_NUMBER(sizeof(*((T *)0)->member.ptr)), \
      WAGATHER_NUMBER(sizeof(wagather_text)), '(' }

/* Functions that compilers call implicitly. If a C library is linked, its functions take precedence. */
WAGATHER_C __attribute__((weak, no_builtin)) void *memset(void *to, int byte, size_t len) {
    for (size_t at = 0; at < len; at++) ((char *)to)[at] = (char)byte;
    return to;
}
WAGATHER_C __attribute__((weak, no_builtin)) void *memcpy(void *to, const void *from, size_t len) {
    for (size_t at = 0; at < len; at++) ((char *)to)[at] = ((const char *)from)[at];
    return to;
}
WAGATHER_C __attribute__((weak, no_builtin)) void *memmove(void *to, const void *from, size_t len) {
    if ((size_t)to <= (size_t)from) return memcpy(to, from, len);
    while (len--) ((char *)to)[len] = ((const char *)from)[len];
    return to;
}
WAGATHER_C __attribute__((weak, no_builtin)) int memcmp(const void *a, const void *b, size_t len) {
    const unsigned char *one = (const unsigned char *)a, *other = (const unsigned char *)b;
    for (size_t at = 0; at < len; at++)
        if (one[at] != other[at]) return one[at] - other[at];
    return 0;
}

WAGATHER_C __attribute__((weak, no_builtin)) size_t strlen(const char *text) {
    size_t len = 0;
    while (text[len]) len++;
    return len;
}

static inline wagather_text wagather_text_of(const char *ptr, size_t len) {
    wagather_text text = { ptr, (uint32_t)len };
    return text;
}

/* The text of a literal, as a value. */
#define wagather_of(literal) wagather_text_of("" literal, sizeof(literal) - 1)

/* Whether the text equals the literal. */
static inline int wagather_is(wagather_text text, const char *literal) {
    for (uint32_t at = 0; at < text.len; at++)
        if (literal[at] == 0 || literal[at] != text.ptr[at]) return 0;
    return literal[text.len] == 0;
}

/* The items of a list, or the object of a get, one by one in a growing arena. Each item overwrites the previous one.
   Initialize it with 0. */
typedef struct {
    int32_t handle;
    int32_t status;
    const void *shape;
    uint8_t *arena;
    uint32_t cap;
} wagather_items;

static inline void wagather_start(wagather_items *items, const wagather_request *request, const void *shape) {
    items->handle = wagather_rest_start(request);
    items->status = items->handle < 0 ? items->handle : 0;
    items->shape = shape;
}

/* Grows the arena to this many bytes, in place if nothing else was allocated after it. Returns whether there is enough memory. */
static inline int wagather_grow(wagather_items *items, uint32_t bytes) {
    uint32_t pages = (bytes + 65535) / 65536;
    size_t at = __builtin_wasm_memory_grow(0, pages);
    if (at == (size_t)-1) return 0;
    if (!items->arena || (uint8_t *)(at * 65536) != items->arena + items->cap) {
        items->arena = (uint8_t *)(at * 65536);
        items->cap = 0;
    }
    items->cap += pages * 65536;
    return 1;
}

/* The next item, or null at the end or after a failure, with `items->status` below 0. After WAGATHER_DECODE, which the host
   reports, call it again to continue with the item after the one that does not match. */
static inline const void *wagather_next(wagather_items *items) {
    if (items->handle < 0) return 0;
    for (;;) {
        int32_t len = wagather_rest_next_as(items->handle, items->shape, items->arena, items->cap);
        items->status = len < 0 ? len : 0;
        if (len <= 0) return 0;
        if ((uint32_t)len <= items->cap) return items->arena;
        if (!wagather_grow(items, (uint32_t)len)) {
            items->status = WAGATHER_NO_ROOM;
            return 0;
        }
    }
}

/* Closes the request, and returns the first failure, or 0. */
static inline int32_t wagather_end(wagather_items *items) {
    if (items->handle >= 0) wagather_rest_close(items->handle);
    return items->status;
}

/* An entry of the archive. The first failure stays in `status`, and later writes do nothing. */
typedef struct {
    int32_t handle;
    int32_t status;
    uint32_t elements;
} wagather_entry;

static inline void wagather_create(wagather_entry *entry, wagather_text name) {
    entry->handle = entry->status = wagather_archive_open(name.ptr, name.len);
    entry->elements = 0;
}

static inline void wagather_write(wagather_entry *entry, wagather_text text) {
    if (entry->status >= 0) entry->status = wagather_archive_write(entry->handle, text.ptr, text.len);
}

/* Appends a structure as JSON. */
static inline void wagather_write_struct(wagather_entry *entry, const void *shape, const void *from) {
    if (entry->status >= 0) entry->status = wagather_archive_write_as(entry->handle, shape, from, 0);
}

/* Appends an element, if the entry is a JSON array. */
static inline void wagather_push(wagather_entry *entry, const void *shape, const void *from) {
    wagather_write(entry, wagather_text_of(entry->elements++ ? "," : "[", 1));
    wagather_write_struct(entry, shape, from);
}

/* Completes the entry, and returns the first failure, or 0. */
static inline int32_t wagather_close(wagather_entry *entry) {
    return entry->status < 0 ? entry->status : wagather_archive_close(entry->handle);
}

/* The same for an entry that is a JSON array. */
static inline int32_t wagather_close_array(wagather_entry *entry) {
    wagather_write(entry, entry->elements ? wagather_of("]") : wagather_of("[]"));
    return wagather_close(entry);
}

/* Creates the entry of findings, findings.json: docs/findings.md describes its elements. */
static inline void wagather_create_findings(wagather_entry *entry) {
    wagather_create(entry, wagather_of("findings.json"));
    wagather_write(entry, wagather_of("{\"findings\":"));
}

/* Completes the entry of findings. */
static inline int32_t wagather_close_findings(wagather_entry *entry) {
    wagather_write(entry, entry->elements ? wagather_of("]}") : wagather_of("[]}"));
    return wagather_close(entry);
}

/* A log line that is built piece by piece; text that does not fit is cut off. Initialize it with 0. */
typedef struct {
    uint32_t len;
    char bytes[252];
} wagather_line;

static inline void wagather_put(wagather_line *line, wagather_text text) {
    for (uint32_t at = 0; at < text.len && line->len < sizeof line->bytes; at++)
        line->bytes[line->len++] = text.ptr[at];
}

static inline void wagather_put_number(wagather_line *line, int64_t number) {
    char digits[20];
    uint32_t at = sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    do digits[--at] = (char)('0' + rest % 10);
    while (rest /= 10);
    if (number < 0) digits[--at] = '-';
    wagather_put(line, wagather_text_of(digits + at, sizeof digits - at));
}

static inline wagather_text wagather_line_text(const wagather_line *line) {
    return wagather_text_of(line->bytes, line->len);
}

static inline int32_t wagather_log_text(int32_t level, wagather_text text) {
    return wagather_log(level, text.ptr, text.len);
}

/* A parameter's value, in a sufficiently large buffer; a status if there is no value. */
static inline int32_t wagather_param_text(wagather_text name, wagather_text *value, char *buffer, uint32_t cap) {
    int32_t len = wagather_param(name.ptr, name.len, buffer, cap);
    value->ptr = buffer;
    value->len = len < 0 || (uint32_t)len > cap ? 0 : (uint32_t)len;
    return len > 0 && (uint32_t)len > cap ? WAGATHER_NO_ROOM : len;
}

#endif
