/*
 * Preloaded with AddressSanitizer's runtime into the broker, and set up
 * before all other libraries (-z initfirst).  The runtime sets itself up at
 * the first allocation; left to a library that holds libc's translation lock
 * at that moment (libgpg-error does), its dlerror() would release that lock
 * once too often, and libpq would later wait for it for ever.
 */
void __asan_init(void);
void start_sanitizer(void);

__attribute__((constructor)) void
start_sanitizer(void)
{
	__asan_init();
}
