/* Runs a command with the system calls that a container engine allows by default.
 *
 * Without them nothing can be mounted and no namespace can be made, by user namespaces
 * neither. It is the part of an unprivileged container that .ci/fresh lacks otherwise;
 * capabilities are taken by setpriv, and nothing here keeps anybody in.
 *
 *   container COMMAND [ARGUMENT...]
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NEW_NAMESPACES \
    (CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define IS_CALL(name, otherwise) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, otherwise)
#define ANSWER(code) BPF_STMT(BPF_RET | BPF_K, code)
#define REFUSE(code) ANSWER(SECCOMP_RET_ERRNO | (code))
#define REFUSED(name) IS_CALL(name, 1), REFUSE(EPERM)

int main(int count, char **words)
{
    /* The low half of a flag word is enough: the kernel has no namespace above it. */
    struct sock_filter filter[] = {
        LOAD(nr),
        REFUSED(mount),
        REFUSED(umount2),
        REFUSED(pivot_root),
        REFUSED(setns),
        REFUSED(open_tree),
        REFUSED(move_mount),
        REFUSED(fsopen),
        /* Its flags are behind a pointer. glibc takes clone when this is missing. */
        IS_CALL(clone3, 1), REFUSE(ENOSYS),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone, 1, 0),
        IS_CALL(unshare, 3),
        LOAD(args[0]),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, NEW_NAMESPACES, 0, 1),
        REFUSE(EPERM),
        ANSWER(SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = { sizeof filter / sizeof *filter, filter };
    if (count < 2)
        return fputs("container: name a command\n", stderr), 2;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
        return perror("container: seccomp"), 1;
    execvp(words[1], words + 1);
    return perror(words[1]), 127;
}
