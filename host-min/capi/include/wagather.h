/*
 * libwagather: runs gatherers from a program in C, or in any language that calls C.
 *
 * Made from host-min/capi/src/exports.rs; 'BLESS=1 cargo test -p wagather-capi --test header' makes it anew.
 * docs/embedding.md is the guide, tests/embedding has complete programs.
 *
 * Handles. A plan, an outcome and a failure are handles. The library looks each handle up and never follows it: NULL, a handle that was
 * freed, and a handle of another kind are errors, and no fault. A handle that was freed is never given out again. (With pointers of
 * 32 bits, it is after some 268 million others.)
 *
 * Failures. A function that can fail returns NULL, or a failure that the caller frees. Decide by its class, not by its texts.
 *
 * Texts. All are UTF-8 and end with a zero byte. The library copies what it is given. A text that it returns belongs to the handle
 * that it came from, and lives until that handle is freed.
 *
 * Threads. Any thread may call any function at any time. Two threads may use one plan: a run takes the plan as it is when the run
 * begins. A text must not be read while another thread frees its handle.
 *
 * Processes and signals. Each gatherer runs in a process of the program "helper", which keeps no descriptors of the caller, no
 * environment and no credentials. The library waits for these processes by their ids, installs no signal handlers, and blocks SIGPIPE
 * in its threads. Do not fork while a run is going on, unless the child calls exec at once.
 */


#ifndef WAGATHER_H
#define WAGATHER_H



#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Who or what is to blame for a failure. The values are the exit codes of host-min. There may be others in later
 * versions; from 128, the run was ended by the signal of that number less 128.
 */
typedef enum wagather_class {
    /**
     * No failure.
     */
    WAGATHER_OK = 0,
    /**
     * A bug in the library.
     */
    WAGATHER_INTERNAL = 1,
    /**
     * The library was used in a wrong way: NULL, a freed handle, an option that does not exist.
     */
    WAGATHER_USAGE = 2,
    /**
     * A module cannot be used, or the grant does not admit it.
     */
    WAGATHER_MODULE = 3,
    /**
     * The configuration cannot be used: kubeconfig, credentials, recording, parameters, grant.
     */
    WAGATHER_CONFIG = 4,
    /**
     * The cluster cannot be reached, or its response cannot be used. A retry may help.
     */
    WAGATHER_CLUSTER = 5,
    /**
     * The archive or another file cannot be written.
     */
    WAGATHER_OUTPUT = 6,
    /**
     * A gatherer trapped, ran out of time or memory, or returned an error.
     */
    WAGATHER_GATHERER = 7,
    /**
     * The cluster does not have everything that was asked for. A retry does not help.
     */
    WAGATHER_GAPS = 8,
    /**
     * The cluster does not let this account do it (401, 403). A retry does not help.
     */
    WAGATHER_REFUSED = 9,
} wagather_class;

/**
 * The level of a gatherer's log line.
 */
typedef enum wagather_level {
    /**
     * For the gatherer's developer.
     */
    WAGATHER_DEBUG = 0,
    /**
     * For the user who runs it.
     */
    WAGATHER_INFO = 1,
    /**
     * Something is missing or unusual; also in the report.
     */
    WAGATHER_WARN = 2,
    /**
     * Something failed; also in the report.
     */
    WAGATHER_ERROR = 3,
} wagather_level;

/**
 * What was attempted, why it failed, and what to do about it.
 */
typedef struct wagather_failure wagather_failure;

/**
 * What a run gathered.
 */
typedef struct wagather_outcome wagather_outcome;

/**
 * What to run, on what, and how.
 */
typedef struct wagather_plan wagather_plan;

/**
 * Gets the log lines of gatherers while a run goes on. Gatherers run in parallel, so several threads may call it at
 * once, the caller's own or others. The texts are valid until it returns: one line without control characters, and
 * the gatherer's name. It must return: neither throw nor jump.
 */
typedef void (*wagather_log)(void *context, int32_t level, const char *gatherer, const char *line);

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/**
 * The version of the library, such as "0.1.0".
 */
const char *wagather_version(void);

/**
 * A new plan without gatherers, with the defaults of the command line. Free it with wagather_plan_free.
 */
struct wagather_plan *wagather_plan_new(void);

/**
 * Sets an option of a plan. Names and values are those of 'host-min run', where --help describes them. "true" and "false" are the
 * values of switches. An option that is marked with + adds a value each time; any other replaces its value.
 *
 *   helper                    the program of the sandboxes: host-min, or one that calls host_min::run_helper
 *   helper-arg +              its arguments; without any, "sandbox"
 *   grant                     the file that says what the cluster's owner allows
 *   output                    the archive: a new folder, or a file that ends in .tar.gz or .tgz
 *   overwrite                 whether an earlier archive or recording is replaced
 *   replay                    a recording to read instead of a cluster
 *   from                      an archive to read instead of a cluster
 *   kubeconfig                the kubeconfig; without it, $KUBECONFIG, ~/.kube/config or the pod's account
 *   context
 *   server
 *   cluster
 *   user
 *   token
 *   token-file
 *   certificate-authority
 *   insecure-skip-tls-verify
 *   tls-server-name
 *   proxy-url
 *   as
 *   as-group +
 *   as-uid
 *   connect-timeout
 *   first-byte-timeout
 *   idle-timeout
 *   compression
 *   record                    the recording to write
 *   check-access              whether to check the account's permissions first
 *   namespace
 *   selector
 *   obfuscate +               ip, mac, domain, domain=NAME or all
 *   param +                   a parameter, NAME=VALUE
 *   timeout                   time for each gatherer, such as 30s
 *   request-timeout
 *   memory                    memory for each gatherer, such as 64Mi
 *   parallel
 *   chunk-size
 *   qps
 *   burst
 *   require-sandbox           whether to refuse to run unless every mechanism of the sandbox is active
 *   engine
 *
 * @param plan   a plan
 * @param name   the name of an option
 * @param value  its value
 * @return       NULL, or a failure to free
 */
struct wagather_failure *wagather_plan_set(struct wagather_plan *plan,
                                           const char *name,
                                           const char *value);

/**
 * Adds the gatherer in a file, with the signature in FILE.minisig if that exists; or all gatherers in a folder; or the one that
 * oci://... names in a registry. The module is read now.
 *
 * @param plan  a plan
 * @param path  a file, a folder or a reference
 * @return      NULL, or a failure to free
 */
struct wagather_failure *wagather_plan_add_file(struct wagather_plan *plan,
                                                const char *path);

/**
 * Adds a gatherer that is in memory.
 *
 * @param plan           a plan
 * @param label          its name in messages
 * @param module         its module, which is copied
 * @param module_len     the bytes of the module
 * @param signature      its minisign signature, or NULL
 * @param signature_len  the bytes of the signature
 * @return               NULL, or a failure to free
 */
struct wagather_failure *wagather_plan_add_module(struct wagather_plan *plan,
                                                  const char *label,
                                                  const uint8_t *module,
                                                  size_t module_len,
                                                  const uint8_t *signature,
                                                  size_t signature_len);

/**
 * Frees a plan. A run that uses it goes on. Anything but a plan is left alone.
 */
void wagather_plan_free(struct wagather_plan *plan);

/**
 * Runs a plan, and returns when the archive is written. It needs 256 KiB of the caller's stack.
 *
 * NULL means that the run is finished, and not that everything was gathered: single gatherers may have failed, which
 * wagather_outcome_is_complete and wagather_outcome_failure say. A failure means that nothing was gathered, or that
 * the archive could not be written.
 *
 * @param plan     a plan with at least one gatherer
 * @param log      gets the log lines of gatherers, or NULL
 * @param context  passed to log
 * @param outcome  where the outcome is put, to be freed with wagather_outcome_free; NULL if the run failed
 * @return         NULL, or a failure to free
 */
struct wagather_failure *wagather_run(const struct wagather_plan *plan,
                                      wagather_log log,
                                      void *context,
                                      struct wagather_outcome **outcome);

/**
 * Whether every gatherer succeeded, and nothing that they requested is missing. False for anything but an outcome.
 */
bool wagather_outcome_is_complete(const struct wagather_outcome *outcome);

/**
 * The path of the archive, which ends in .incomplete if the outcome is not complete. NULL for anything but an outcome.
 */
const char *wagather_outcome_output(const struct wagather_outcome *outcome);

/**
 * The report: the JSON that is wagather.json in the archive (docs/report.md). NULL for anything but an outcome.
 */
const char *wagather_outcome_report(const struct wagather_outcome *outcome);

/**
 * One of the failures of gatherers, in their order. It belongs to the outcome and is freed with it.
 *
 * @param outcome  an outcome
 * @param index    its number, from 0
 * @return         NULL if there are not as many, and for anything but an outcome
 */
const struct wagather_failure *wagather_outcome_failure(const struct wagather_outcome *outcome,
                                                        size_t index);

/**
 * Frees an outcome and its failures. The archive stays. Anything but an outcome is left alone.
 */
void wagather_outcome_free(struct wagather_outcome *outcome);

/**
 * The class of a failure, one of wagather_class or a later one. WAGATHER_OK for NULL, and WAGATHER_USAGE for anything else that is no failure.
 */
int32_t wagather_failure_class(const struct wagather_failure *failure);

/**
 * What was attempted, and on what. As in the next two, the text is as servers and modules wrote it, and must be escaped before a
 * terminal gets it. NULL for anything but a failure.
 */
const char *wagather_failure_attempt(const struct wagather_failure *failure);

/**
 * Why it failed. Several reasons have a line each. NULL for anything but a failure.
 */
const char *wagather_failure_reason(const struct wagather_failure *failure);

/**
 * What to do about it. Empty if there is no advice, and NULL for anything but a failure.
 */
const char *wagather_failure_advice(const struct wagather_failure *failure);

/**
 * The failure as it is shown: all of the above, escaped, so that a terminal may get it. NULL for anything but a failure.
 */
const char *wagather_failure_text(const struct wagather_failure *failure);

/**
 * Frees a failure. One that belongs to an outcome, and anything but a failure, is left alone.
 */
void wagather_failure_free(struct wagather_failure *failure);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* WAGATHER_H */
