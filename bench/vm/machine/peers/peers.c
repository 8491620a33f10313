// Round trips between two processes by what the kernel offers, in C: MECHANISM SIZE WARMUP COUNT.
// A request of SIZE bytes goes to the server, which answers with 8: the sum of the first byte and the
// last. It prints the median in nanoseconds of the clock as a line of JSON.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/android/binder.h>
#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SIZE = 256 << 10 };

static size_t size;
static unsigned char request[MAX_SIZE], received[MAX_SIZE];

static void fail(const char *what) {
	perror(what);
	exit(1);
}

static uint64_t sum(const volatile unsigned char *p) { return size ? (uint64_t)p[0] + p[size - 1] : 0; }

// ---- SOCK_SEQPACKET

static int ends[2];

static void seqpacket_open(void) {
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends)) fail("socketpair");
}

static size_t on_wire(void) { return size < 8 ? 8 : size; } // an empty packet would look like the end

static void seqpacket_serve(void) {
	for (;;) {
		if (read(ends[1], received, sizeof received) != (ssize_t)on_wire()) fail("read");
		uint64_t reply = sum(received);
		if (write(ends[1], &reply, sizeof reply) != sizeof reply) fail("write");
	}
}

static uint64_t seqpacket_call(void) {
	uint64_t reply;
	if (write(ends[0], request, on_wire()) != (ssize_t)on_wire()) fail("write");
	if (read(ends[0], &reply, sizeof reply) != sizeof reply) fail("read");
	return reply;
}

// ---- shared memory and futex

static struct {
	_Alignas(64) _Atomic uint32_t asked;
	_Alignas(64) _Atomic uint32_t answered;
	_Alignas(64) uint64_t reply;
	_Alignas(4096) unsigned char data[MAX_SIZE];
} *shared;

static void futex_open(void) {
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (shared == MAP_FAILED) fail("mmap");
}

static void futex(_Atomic uint32_t *word, int op, uint32_t value) {
	if (syscall(SYS_futex, word, op, value, NULL, NULL, 0) < 0 && errno != EAGAIN && errno != EINTR) fail("futex");
}

static void futex_serve(void) {
	for (uint32_t seen = 0;; seen++) {
		while (atomic_load(&shared->asked) == seen) futex(&shared->asked, FUTEX_WAIT, seen);
		shared->reply = sum(shared->data);
		atomic_store(&shared->answered, seen + 1);
		futex(&shared->answered, FUTEX_WAKE, 1);
	}
}

static uint64_t futex_call(void) {
	static uint32_t calls;
	memcpy(shared->data, request, size);
	atomic_store(&shared->asked, calls + 1);
	futex(&shared->asked, FUTEX_WAKE, 1);
	while (atomic_load(&shared->answered) == calls) futex(&shared->answered, FUTEX_WAIT, calls);
	calls++;
	return shared->reply;
}

// ---- the kernel's binder, by its ioctls (include/uapi/linux/android/binder.h)

static int driver;
static int ready[2];

struct transaction {
	uint32_t command;
	struct binder_transaction_data data;
} __attribute__((packed));

struct commands { // freeing comes first, so that it can be left out
	uint32_t free_command;
	binder_uintptr_t buffer;
	struct transaction t;
} __attribute__((packed));

static void binder_start(void) {
	uint32_t no_threads = 0;
	driver = open("/dev/binder", O_RDWR | O_CLOEXEC);
	if (driver < 0) fail("/dev/binder");
	if (mmap(NULL, (1 << 20) - 8192, PROT_READ, MAP_PRIVATE | MAP_NORESERVE, driver, 0) == MAP_FAILED) fail("mmap");
	if (ioctl(driver, BINDER_SET_MAX_THREADS, &no_threads)) fail("BINDER_SET_MAX_THREADS");
}

// exchange writes commands and, with room, reads answers until one of kind wanted has come.
static struct binder_transaction_data exchange(const void *out, size_t length, uint32_t wanted) {
	unsigned char in[512];
	for (;;) {
		struct binder_write_read b = {.write_buffer = (uintptr_t)out, .write_size = length, .read_buffer = (uintptr_t)in, .read_size = sizeof in};
		while (ioctl(driver, BINDER_WRITE_READ, &b) < 0)
			if (errno != EINTR) fail("BINDER_WRITE_READ");
		length = 0;
		for (size_t at = 0; at < b.read_consumed;) {
			uint32_t answer;
			struct binder_transaction_data data;
			memcpy(&answer, in + at, sizeof answer);
			at += sizeof answer;
			if (answer == wanted) {
				memcpy(&data, in + at, sizeof data);
				return data;
			}
			if (answer != BR_NOOP && answer != BR_TRANSACTION_COMPLETE && answer != BR_SPAWN_LOOPER) {
				fprintf(stderr, "unexpected answer %#x of the driver\n", answer);
				exit(1);
			}
			at += _IOC_SIZE(answer);
		}
	}
}

static struct commands transact(uint32_t command, binder_uintptr_t buffer, const void *data, size_t length) {
	struct commands c = {.free_command = BC_FREE_BUFFER, .buffer = buffer, .t = {.command = command}};
	c.t.data.data_size = length;
	c.t.data.data.ptr.buffer = (uintptr_t)data;
	return c;
}

static void binder_open(void) {
	if (pipe(ready)) fail("pipe");
}

static void binder_serve(void) {
	uint32_t enter = BC_ENTER_LOOPER;
	binder_start();
	if (ioctl(driver, BINDER_SET_CONTEXT_MGR, 0)) fail("BINDER_SET_CONTEXT_MGR");
	struct binder_write_read b = {.write_buffer = (uintptr_t)&enter, .write_size = sizeof enter};
	if (ioctl(driver, BINDER_WRITE_READ, &b)) fail("BC_ENTER_LOOPER");
	if (write(ready[1], "x", 1) != 1) fail("write");
	struct commands c;
	for (size_t length = 0;; length = sizeof c) {
		struct binder_transaction_data t = exchange(&c, length, BR_TRANSACTION);
		static uint64_t reply;
		reply = sum((unsigned char *)(uintptr_t)t.data.ptr.buffer);
		c = transact(BC_REPLY, t.data.ptr.buffer, &reply, sizeof reply);
	}
}

static uint64_t binder_call(void) {
	static binder_uintptr_t last; // the reply before, freed with the next request as libbinder does
	uint64_t reply;
	if (!driver) {
		char x;
		if (read(ready[0], &x, 1) != 1) fail("read");
		binder_start();
	}
	struct commands c = transact(BC_TRANSACTION, last, request, size);
	struct binder_transaction_data r = last ? exchange(&c, sizeof c, BR_REPLY) : exchange(&c.t, sizeof c.t, BR_REPLY);
	last = r.data.ptr.buffer;
	memcpy(&reply, (void *)(uintptr_t)last, sizeof reply);
	return reply;
}

// ---- measuring

static const struct {
	const char *name;
	void (*open)(void);
	void (*serve)(void);
	uint64_t (*call)(void);
} mechanisms[] = {
	{"seqpacket", seqpacket_open, seqpacket_serve, seqpacket_call},
	{"futex", futex_open, futex_serve, futex_call},
	{"kernel-binder", binder_open, binder_serve, binder_call},
};

static int64_t now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

int main(int argc, char **argv) {
	if (argc != 5) return 2;
	size = strtoul(argv[2], NULL, 10);
	int warm_up = atoi(argv[3]), count = atoi(argv[4]);
	if (size > MAX_SIZE) return 2;
	int64_t *times = calloc(count, sizeof *times);
	for (size_t i = 0; i < size; i++) request[i] = i * 7 + 3;
	for (size_t m = 0; m < sizeof mechanisms / sizeof *mechanisms; m++) {
		if (strcmp(argv[1], mechanisms[m].name)) continue;
		mechanisms[m].open();
		pid_t server = fork();
		if (!server) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			mechanisms[m].serve();
		}
		for (int i = -warm_up; i < count; i++) {
			int64_t start = now();
			uint64_t reply = mechanisms[m].call();
			int64_t took = now() - start;
			if (reply != sum(request)) return 1;
			if (i >= 0) times[i] = took;
		}
		kill(server, SIGKILL);
		waitpid(server, NULL, 0);
		qsort(times, count, sizeof *times, ascending);
		printf("{\"stack\":\"%s\",\"size\":%zu,\"instructions\":%lld}\n", argv[1], size, (long long)times[count / 2]);
		return 0;
	}
	return 2;
}
