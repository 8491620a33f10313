// Writes and reads parcels with libgbinder, for gbinder_test.go: it is another implementation of the
// format, by others. It uses the public functions alone; the driver below them is the one at the end
// of this file, which answers every transaction with the bytes that the test gives.
//
// Each line of input is a command. Its answer is a line of output behind "> "; other lines are libgbinder's
// log.
//
//	write OP...                  the parcel behind the head: hex, then the offset of each object
//	head                         the head of a request: hex
//	read HEX OFFSETS OP...       what was read, as OPs; OFFSETS is a list with commas, or "-"
//
// An OP is a name and, where it has one, "=" and a value: numbers in decimal, text and bytes in hex.

#include <errno.h>
#include <inttypes.h>
#include <linux/android/binder.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

// Of libgbinder's headers, so that glib's are not needed.
typedef struct { const void *d[4]; } Writer;
typedef struct { const void *d[6]; } Reader;
void *gbinder_servicemanager_new2(const char *dev, const char *sm_protocol, const char *rpc_protocol);
void *gbinder_servicemanager_get_service_sync(void *sm, const char *name, int *status);
void *gbinder_servicemanager_new_local_object(void *sm, const char *iface, void *handler, void *data);
void *gbinder_client_new(void *object, const char *iface);
void *gbinder_client_new_request(void *client);
void *gbinder_client_transact_sync_reply(void *client, uint32_t code, void *req, int *status);
void gbinder_local_request_init_writer(void *req, Writer *w);
void gbinder_local_request_unref(void *req);
void gbinder_remote_reply_init_reader(void *reply, Reader *r);
void gbinder_remote_reply_unref(void *reply);
void gbinder_remote_object_unref(void *object);
const void *gbinder_writer_get_data(Writer *w, size_t *size);
void gbinder_writer_append_bool(Writer *w, int v);
void gbinder_writer_append_int32(Writer *w, uint32_t v);
void gbinder_writer_append_int64(Writer *w, uint64_t v);
void gbinder_writer_append_float(Writer *w, float v);
void gbinder_writer_append_double(Writer *w, double v);
void gbinder_writer_append_string16(Writer *w, const char *utf8);
void gbinder_writer_append_byte_array(Writer *w, const void *bytes, int32_t len);
void gbinder_writer_append_parcelable(Writer *w, const void *buf, size_t len);
void gbinder_writer_append_local_object(Writer *w, void *object);
void gbinder_writer_append_fd(Writer *w, int fd);
int gbinder_reader_read_bool(Reader *r, int *v);
int gbinder_reader_read_int32(Reader *r, int32_t *v);
int gbinder_reader_read_int64(Reader *r, int64_t *v);
int gbinder_reader_read_float(Reader *r, float *v);
int gbinder_reader_read_double(Reader *r, double *v);
int gbinder_reader_read_nullable_string16(Reader *r, char **v);
const void *gbinder_reader_read_byte_array(Reader *r, size_t *len);
const void *gbinder_reader_read_parcelable(Reader *r, size_t *size);
int gbinder_reader_read_nullable_object(Reader *r, void **object);
int gbinder_reader_read_fd(Reader *r);
int gbinder_reader_at_end(const Reader *r);

// What the driver answers with, and what it was asked last.
static uint8_t reply[1 << 20];
static size_t reply_size;
static binder_size_t reply_offsets[1024], asked_offsets[1024];
static size_t reply_objects, asked_objects;

static void *object, *client;

static size_t from_hex(const char *hex, uint8_t *out) {
	size_t n = 0;
	for (unsigned byte; sscanf(hex + 2 * n, "%2x", &byte) == 1; n++) out[n] = byte;
	return n;
}

static void print_hex(const void *data, size_t n) {
	for (size_t i = 0; i < n; i++) printf("%02x", ((const uint8_t *)data)[i]);
}

static void write_op(Writer *w, char *op) {
	static uint8_t bytes[1 << 20];
	char *value = strchr(op, '=');
	if (value) *value++ = 0;
	size_t n = value ? from_hex(value, bytes) : 0;
	bytes[n] = 0;
	if (!strcmp(op, "bool")) gbinder_writer_append_bool(w, atoi(value));
	else if (!strcmp(op, "int")) gbinder_writer_append_int32(w, strtol(value, 0, 10));
	else if (!strcmp(op, "long")) gbinder_writer_append_int64(w, strtoll(value, 0, 10));
	else if (!strcmp(op, "float")) gbinder_writer_append_float(w, strtof(value, 0));
	else if (!strcmp(op, "double")) gbinder_writer_append_double(w, strtod(value, 0));
	else if (!strcmp(op, "text")) gbinder_writer_append_string16(w, (char *)bytes);
	else if (!strcmp(op, "notext")) gbinder_writer_append_string16(w, NULL);
	else if (!strcmp(op, "bytes")) gbinder_writer_append_byte_array(w, bytes, n);
	else if (!strcmp(op, "parcelable")) gbinder_writer_append_parcelable(w, bytes, n);
	else if (!strcmp(op, "noparcelable")) gbinder_writer_append_parcelable(w, NULL, 0);
	else if (!strcmp(op, "object")) gbinder_writer_append_local_object(w, object);
	else if (!strcmp(op, "noobject")) gbinder_writer_append_local_object(w, NULL);
	else if (!strcmp(op, "file")) gbinder_writer_append_fd(w, 0);
	else fprintf(stderr, "oracle: no op %s\n", op), exit(2);
}

static void read_text(Reader *r) {
	char *s = NULL;
	if (!gbinder_reader_read_nullable_string16(r, &s)) printf(" failed");
	else if (!s) printf(" notext");
	else printf(" text="), print_hex(s, strlen(s));
}

static void read_sized(Reader *r, const char *name, const void *(*read)(Reader *, size_t *)) {
	size_t n = 0;
	const void *data = read(r, &n);
	if (!data) printf(" no%s", name);
	else printf(" %s=", name), print_hex(data, n);
}

static void read_op(Reader *r, char *op) {
	int b, ok = 1;
	int32_t i;
	int64_t l;
	float f;
	double d;
	void *o = NULL;
	if (!strcmp(op, "bool")) (ok = gbinder_reader_read_bool(r, &b)) && printf(" bool=%d", b);
	else if (!strcmp(op, "int")) (ok = gbinder_reader_read_int32(r, &i)) && printf(" int=%" PRId32, i);
	else if (!strcmp(op, "long")) (ok = gbinder_reader_read_int64(r, &l)) && printf(" long=%" PRId64, l);
	else if (!strcmp(op, "float")) (ok = gbinder_reader_read_float(r, &f)) && printf(" float=%.9g", f);
	else if (!strcmp(op, "double")) (ok = gbinder_reader_read_double(r, &d)) && printf(" double=%.17g", d);
	else if (!strcmp(op, "text")) read_text(r);
	else if (!strcmp(op, "bytes")) read_sized(r, "bytes", gbinder_reader_read_byte_array);
	else if (!strcmp(op, "parcelable")) read_sized(r, "parcelable", gbinder_reader_read_parcelable);
	else if (!strcmp(op, "object")) (ok = gbinder_reader_read_nullable_object(r, &o)) && printf(o ? " object" : " noobject");
	else if (!strcmp(op, "file")) (ok = gbinder_reader_read_fd(r) >= 0) && printf(" file");
	else fprintf(stderr, "oracle: no op %s\n", op), exit(2);
	if (!ok) printf(" failed");
	if (o) gbinder_remote_object_unref(o);
}

static void do_write(char *ops, int with_head) {
	void *req = gbinder_client_new_request(client);
	Writer w;
	int status;
	size_t head, n;
	gbinder_local_request_init_writer(req, &w);
	gbinder_writer_get_data(&w, &head);
	for (char *op = strtok(ops, " "); op; op = strtok(NULL, " ")) write_op(&w, op);
	const uint8_t *data = gbinder_writer_get_data(&w, &n);
	if (with_head) head = 0;
	printf("> ");
	print_hex(data + head, n - head);
	reply_size = 0; // sending it tells where the objects are
	gbinder_remote_reply_unref(gbinder_client_transact_sync_reply(client, 1, req, &status));
	for (size_t i = 0; i < asked_objects; i++) printf(" %zu", (size_t)asked_offsets[i] - head);
	printf("\n");
	gbinder_local_request_unref(req);
}

static void do_read(char *args) {
	char *hex = strtok(args, " "), *offsets = strtok(NULL, " "), *rest = NULL;
	char *ops = strtok(NULL, "");
	reply_size = strcmp(hex, "-") ? from_hex(hex, reply) : 0;
	reply_objects = 0;
	if (strcmp(offsets, "-"))
		for (char *o = strtok_r(offsets, ",", &rest); o; o = strtok_r(NULL, ",", &rest))
			reply_offsets[reply_objects++] = strtoul(o, 0, 10);
	void *req = gbinder_client_new_request(client);
	int status;
	void *answer = gbinder_client_transact_sync_reply(client, 1, req, &status);
	Reader r;
	gbinder_remote_reply_init_reader(answer, &r);
	printf("> read");
	for (char *op = strtok_r(ops, " ", &rest); op; op = strtok_r(NULL, " ", &rest)) read_op(&r, op);
	printf(gbinder_reader_at_end(&r) ? "\n" : " more\n");
	gbinder_remote_reply_unref(answer);
	gbinder_local_request_unref(req);
	reply_objects = 0;
}

// find asks the service manager for an object to call; the answer has one.
static void *find(void *sm, size_t extra) {
	struct flat_binder_object o = {.hdr.type = BINDER_TYPE_HANDLE, .handle = 1};
	int status;
	memset(reply, 0, sizeof reply);
	memcpy(reply, &o, sizeof o);
	reply_size = sizeof o + extra;
	reply_offsets[0] = 0;
	reply_objects = 1;
	void *found = gbinder_servicemanager_get_service_sync(sm, "any", &status);
	reply_objects = 0;
	return found;
}

int main(int argc, char **argv) {
	static char line[4 << 20];
	if (argc != 2) return 2;
	void *sm = gbinder_servicemanager_new2("/dev/parcel-oracle", "aidl2", argv[1]);
	size_t extra = !strcmp(argv[1], "aidl3") || !strcmp(argv[1], "aidl4") ? 4 : 0;
	void *remote = sm ? find(sm, extra) : NULL;
	if (!remote) return fprintf(stderr, "oracle: no service\n"), 1;
	client = gbinder_client_new(remote, "tok");
	object = gbinder_servicemanager_new_local_object(sm, "tok", NULL, NULL);
	printf("> ready\n");
	for (fflush(stdout); fgets(line, sizeof line, stdin); fflush(stdout)) {
		line[strcspn(line, "\n")] = 0;
		if (!strncmp(line, "write ", 6)) do_write(line + 6, 0);
		else if (!strcmp(line, "head")) do_write(line + 4, 1);
		else if (!strncmp(line, "read ", 5)) do_read(line + 5);
		else return fprintf(stderr, "oracle: %s?\n", line), 2;
	}
	_exit(0); // its threads wait for the driver for ever
}

// The driver: these take the place of libc's in libgbinder.

static int device = -1;

int __open_2(const char *path, int flags) {
	if (!strcmp(path, "/dev/parcel-oracle")) return device = eventfd(0, EFD_CLOEXEC);
	return syscall(SYS_openat, -100, path, flags, 0);
}

void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset) {
	if (fd >= 0 && fd == device) flags |= MAP_ANONYMOUS, fd = -1;
	return (void *)syscall(SYS_mmap, addr, length, prot, flags, fd, offset);
}

static uint8_t *put(uint8_t *to, uint32_t cmd, const void *data) {
	memcpy(to, &cmd, 4);
	memcpy(to + 4, data, _IOC_SIZE(cmd));
	return to + 4 + _IOC_SIZE(cmd);
}

static uint8_t *answer(uint8_t *to, const struct binder_transaction_data *asked) {
	asked_objects = asked->offsets_size / sizeof(binder_size_t);
	memcpy(asked_offsets, (void *)asked->data.ptr.offsets, asked->offsets_size);
	to = put(to, BR_TRANSACTION_COMPLETE, NULL);
	if (asked->flags & TF_ONE_WAY) return to;
	struct binder_transaction_data r = {.data_size = reply_size, .offsets_size = reply_objects * sizeof(binder_size_t)};
	r.data.ptr.buffer = (binder_uintptr_t)reply;
	r.data.ptr.offsets = (binder_uintptr_t)reply_offsets;
	return put(to, BR_REPLY, &r);
}

static int write_read(struct binder_write_read *b) {
	uint8_t *from = (uint8_t *)b->write_buffer, *to = (uint8_t *)b->read_buffer;
	while (b->write_consumed < b->write_size) {
		uint32_t cmd;
		struct binder_transaction_data tr;
		memcpy(&cmd, from + b->write_consumed, 4);
		memcpy(&tr, from + b->write_consumed + 4, sizeof tr < _IOC_SIZE(cmd) ? sizeof tr : _IOC_SIZE(cmd));
		b->write_consumed += 4 + _IOC_SIZE(cmd);
		if (cmd == BC_TRANSACTION || cmd == BC_TRANSACTION_SG) to = answer(to, &tr);
	}
	b->read_consumed = to - (uint8_t *)b->read_buffer;
	return 0;
}

int ioctl(int fd, unsigned long request, ...) {
	va_list args;
	va_start(args, request);
	void *arg = va_arg(args, void *);
	va_end(args);
	if (fd != device || fd < 0) return syscall(SYS_ioctl, fd, request, arg);
	switch ((uint32_t)request) { // it comes as an int
	case BINDER_VERSION: return *(int32_t *)arg = 8, 0;
	case BINDER_WRITE_READ: return write_read(arg);
	}
	return 0;
}
