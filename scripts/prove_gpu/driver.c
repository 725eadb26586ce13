// A stand-in for libcuda.so: what pygpu calls of it, without a GPU. Device memory is host memory; a launch does nothing.
//
// It shows that CUDA's code path is complete: what is compiled and loaded, and that nothing is missing. Results are whatever
// the memory held. STAND_IN_CAPABILITY: the compute capability to report, '7.5' by default. STAND_IN_LOG: a file to append
// to: for each module, its architecture as the compiler wrote it, and at exit the number of launches, if any.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void *Handle;
typedef unsigned long long Address;

enum { SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2 };

static const size_t MEMORY = 15843721216u; // of a T4
static Handle const CONTEXT = (Handle)0x1000;
static unsigned long launches;

static void write_log(const char *words, const char *value)
{
    const char *name = getenv("STAND_IN_LOG");
    FILE *log = name ? fopen(name, "a") : NULL;
    if (log) {
        fprintf(log, "%s %s\n", words, value);
        fclose(log);
    }
}

__attribute__((destructor)) static void say_launches(void)
{
    char text[30];
    snprintf(text, sizeof text, "%lu", launches);
    if (launches)
        write_log("launches", text);
}

int cuInit(unsigned flags) { return SUCCESS; }
int cuDriverGetVersion(int *version) { return *version = 12020, SUCCESS; }
int cuGetErrorName(int error, const char **text) { return *text = "error of the stand-in driver", SUCCESS; }
int cuGetErrorString(int error, const char **text) { return cuGetErrorName(error, text); }

// --- the device: a T4's figures -------------------------------------------------------------------------------------------

int cuDeviceGet(int *device, int ordinal) { return *device = ordinal, ordinal ? INVALID_VALUE : SUCCESS; }
int cuDeviceGetCount(int *count) { return *count = 1, SUCCESS; }
int cuDeviceGetName(char *name, int length, int device)
{
    return snprintf(name, length, "no GPU, a stand-in"), SUCCESS;
}
int cuDeviceTotalMem_v2(size_t *bytes, int device) { return *bytes = MEMORY, SUCCESS; }
int cuDeviceGetPCIBusId(char *id, int length, int device) { return snprintf(id, length, "0000:00:1E.0"), SUCCESS; }

int cuDeviceGetAttribute(int *value, int attribute, int device)
{
    const char *capability = getenv("STAND_IN_CAPABILITY");
    int major = 7, minor = 5;
    if (capability)
        sscanf(capability, "%d.%d", &major, &minor);
    switch (attribute) { // CUdevice_attribute of the driver's interface
    case 1:
    case 2:
    case 3:
        return *value = 1024, SUCCESS; // threads of a block, and along x and y
    case 4:
        return *value = 64, SUCCESS; // along z
    case 5:
        return *value = 2147483647, SUCCESS; // blocks along x
    case 6:
    case 7:
        return *value = 65535, SUCCESS; // along y and z
    case 8:
        return *value = 49152, SUCCESS; // shared memory of a block
    case 10:
        return *value = 32, SUCCESS; // threads of a warp
    case 16:
        return *value = 40, SUCCESS; // multiprocessors
    case 39:
        return *value = 1024, SUCCESS; // threads of a multiprocessor
    case 75:
        return *value = major, SUCCESS;
    case 76:
        return *value = minor, SUCCESS;
    case 81:
        return *value = 65536, SUCCESS; // shared memory of a multiprocessor
    default:
        return *value = 1, SUCCESS;
    }
}

int cuDevicePrimaryCtxGetState(int device, unsigned *flags, int *active) { return *flags = *active = 0, SUCCESS; }
int cuDevicePrimaryCtxSetFlags(int device, unsigned flags) { return SUCCESS; }
int cuDevicePrimaryCtxRelease(int device) { return SUCCESS; }
int cuDevicePrimaryCtxRetain(Handle *context, int device) { return *context = CONTEXT, SUCCESS; }
int cuCtxGetDevice(int *device) { return *device = 0, SUCCESS; }
int cuCtxPushCurrent_v2(Handle context) { return SUCCESS; }
int cuCtxPopCurrent_v2(Handle *context)
{
    if (context)
        *context = CONTEXT;
    return SUCCESS;
}

// --- modules: PTX, as NVRTC writes it -------------------------------------------------------------------------------------

typedef struct {
    char *text;
    size_t size;
} Linked;

int cuLinkCreate(unsigned count, Handle options, Handle values, Handle *link)
{
    return *link = calloc(1, sizeof(Linked)), *link ? SUCCESS : OUT_OF_MEMORY;
}

int cuLinkAddData(Linked *link, int type, const void *data, size_t size, const char *name, unsigned count,
                  Handle options, Handle values)
{
    char *text = malloc(size + 1), architecture[30] = "unknown";
    if (!text)
        return OUT_OF_MEMORY;
    memcpy(text, data, size);
    text[size] = 0;
    const char *target = strstr(text, "\n.target ");
    if (target)
        sscanf(target, "\n.target %29s", architecture);
    write_log("module", architecture);
    free(link->text);
    link->text = text, link->size = size;
    return SUCCESS;
}

int cuLinkComplete(Linked *link, void **data, size_t *size) { return *data = link->text, *size = link->size, SUCCESS; }
int cuLinkDestroy(Linked *link) { return free(link->text), free(link), SUCCESS; }

static int load(Handle *module) { return *module = malloc(1), *module ? SUCCESS : OUT_OF_MEMORY; }
int cuModuleLoadData(Handle *module, const void *image) { return load(module); }
int cuModuleLoadDataEx(Handle *module, const void *image, unsigned count, Handle options, Handle values)
{
    return load(module);
}
int cuModuleUnload(Handle module) { return free(module), SUCCESS; }
int cuModuleGetFunction(Handle *function, Handle module, const char *name) { return *function = module, SUCCESS; }
int cuFuncGetAttribute(int *value, int attribute, Handle function) { return *value = attribute ? 32 : 1024, SUCCESS; }
int cuLaunchKernel(Handle function, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,
                   unsigned block_y, unsigned block_z, unsigned shared, Handle stream, void **parameters, void **extra)
{
    return launches++, SUCCESS;
}

// --- memory ---------------------------------------------------------------------------------------------------------------

int cuMemGetInfo_v2(size_t *left, size_t *total) { return *left = *total = MEMORY, SUCCESS; }
int cuMemAlloc_v2(Address *address, size_t size)
{
    return *address = (Address)calloc(size ? size : 1, 1), *address ? SUCCESS : OUT_OF_MEMORY;
}
int cuMemFree_v2(Address address) { return free((void *)address), SUCCESS; }
int cuMemAllocHost_v2(void **address, size_t size)
{
    return *address = calloc(size ? size : 1, 1), *address ? SUCCESS : OUT_OF_MEMORY;
}
int cuMemFreeHost(void *address) { return free(address), SUCCESS; }
static int copy(void *to, const void *from, size_t size) { return memmove(to, from, size), SUCCESS; }
int cuMemcpyHtoD_v2(Address to, const void *from, size_t size) { return copy((void *)to, from, size); }
int cuMemcpyHtoDAsync_v2(Address to, const void *from, size_t size, Handle stream)
{
    return copy((void *)to, from, size);
}
int cuMemcpyDtoHAsync_v2(void *to, Address from, size_t size, Handle stream) { return copy(to, (void *)from, size); }
int cuMemcpyDtoDAsync_v2(Address to, Address from, size_t size, Handle stream)
{
    return copy((void *)to, (void *)from, size);
}
int cuMemcpyPeerAsync(Address to, Handle into, Address from, Handle out_of, size_t size, Handle stream)
{
    return copy((void *)to, (void *)from, size);
}
int cuMemsetD8Async(Address address, unsigned char value, size_t size, Handle stream)
{
    return memset((void *)address, value, size), SUCCESS;
}

// --- streams and events: every call completes at once ---------------------------------------------------------------------

int cuEventCreate(Handle *event, unsigned flags) { return load(event); }
int cuEventRecord(Handle event, Handle stream) { return SUCCESS; }
int cuEventSynchronize(Handle event) { return SUCCESS; }
int cuEventDestroy_v2(Handle event) { return free(event), SUCCESS; }
int cuStreamCreate(Handle *stream, unsigned flags) { return load(stream); }
int cuStreamWaitEvent(Handle stream, Handle event, unsigned flags) { return SUCCESS; }
int cuStreamSynchronize(Handle stream) { return SUCCESS; }
int cuStreamDestroy_v2(Handle stream) { return free(stream), SUCCESS; }
int cuIpcGetMemHandle(Handle handle, Address address) { return INVALID_VALUE; }
int cuIpcOpenMemHandle(Address *address) { return INVALID_VALUE; }
int cuIpcCloseMemHandle(Address address) { return INVALID_VALUE; }
