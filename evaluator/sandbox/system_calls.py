"""The policy of system calls: what a box may ask of the kernel. Plain data.

Whatever is not named here is answered as if the kernel did not know it (ENOSYS), which programs
take well: they fall back. ``seccomp.py`` turns this into the filter.
"""

__all__ = ["ALLOWED", "CLONE_NAMESPACES", "DENIED", "DENIED_IOCTLS", "PROCESS_CONTROLS"]

# Files, memory, threads, processes, time and pipes of the box's own.
ALLOWED = frozenset(
    """
access alarm arch_prctl brk capget chdir chmod chown clock_getres clock_gettime clock_nanosleep
close close_range copy_file_range creat dup dup2 dup3 epoll_create epoll_create1 epoll_ctl
epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve exit exit_group faccessat faccessat2
fadvise64 fallocate fchdir fchmod fchmodat fchown fchownat fcntl fdatasync flock fork fstat
fstatfs fsync ftruncate futex futex_waitv futimesat get_mempolicy get_robust_list getcpu getcwd
getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp
getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname
getsockopt gettid gettimeofday getuid kill lchown link linkat lseek lstat madvise membarrier
mincore mkdir mkdirat mlock mlock2 mmap mprotect mremap msync munlock munmap nanosleep
newfstatat open openat pause pipe pipe2 poll ppoll pread64 preadv preadv2 prlimit64 pselect6
pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recvfrom recvmsg rename
renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask
rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo
sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam
sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setattr sched_setparam
sched_setscheduler sched_yield select sendfile sendmsg sendto set_robust_list set_tid_address
setitimer setpgid setpriority setrlimit setsid setsockopt shutdown sigaltstack signalfd
signalfd4 stat statfs statx symlink symlinkat sysinfo tgkill time timer_create timer_delete
timer_getoverrun timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime
times tkill truncate umask uname unlink unlinkat utime utimensat utimes vfork wait4 waitid write
writev
""".split()  # noqa: SIM905 - a table to be read
)

# Refused with EPERM, so that who tries is told no: other processes, namespaces and mounts, the
# network, the kernel's keys, programs and rings, memory that no limit counts, the host itself.
DENIED = frozenset(
    """
accept accept4 acct add_key adjtimex bind bpf capset chroot clock_adjtime clock_settime connect
delete_module fanotify_init fanotify_mark finit_module fsconfig fsmount fsopen fspick
init_module io_uring_enter io_uring_register io_uring_setup ioperm iopl ioprio_set kcmp
kexec_file_load kexec_load keyctl listen lookup_dcookie mbind memfd_create memfd_secret
migrate_pages mknod mknodat modify_ldt mount mount_setattr move_mount move_pages mq_getsetattr
mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd
name_to_handle_at nfsservctl open_by_handle_at open_tree perf_event_open personality pidfd_getfd
pidfd_open pidfd_send_signal pivot_root process_madvise process_vm_readv process_vm_writev
ptrace quotactl quotactl_fd reboot recvmmsg request_key seccomp semctl semget semop semtimedop
sendmmsg set_mempolicy setdomainname setfsgid setfsuid setgid setgroups sethostname setns
setregid setresgid setresuid setreuid settimeofday setuid shmat shmctl shmdt shmget socket
splice swapoff swapon sync sync_file_range syncfs syslog tee umount2 unshare userfaultfd vhangup
vmsplice
""".split()  # noqa: SIM905 - a table to be read
)

# clone is allowed without these (EPERM); clone3 hides its flags from a filter and is ENOSYS.
CLONE_NAMESPACES = 0x7E020000
# TIOCSTI types into a terminal, TIOCLINUX steers the console.
DENIED_IOCTLS = (0x5412, 0x541C)
# prctl: names, death signals, dumpability, timer slack, no-new-privileges, huge pages; and asking
# for seccomp and capabilities. The number at the end names a mapping (PR_SET_VMA).
PROCESS_CONTROLS = (1, 2, 3, 4, 15, 16, 21, 23, 29, 30, 38, 39, 41, 42, 0x53564D41)
