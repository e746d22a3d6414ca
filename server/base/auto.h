/*
 * Scope-bound ownership.  AUTO(T) *p frees p by T's registered function when
 * the scope ends; TAKE(p) moves the value out so that it survives.  Each
 * library's handle types are registered (AUTO_DEFINE) in the one folder that
 * may name the library.
 */
#ifndef BASE_AUTO_H
#define BASE_AUTO_H

#define AUTO_DEFINE(type, free_fn)                                             \
	static inline __attribute__((unused)) void auto_free_##type(type **pp) \
	{                                                                      \
		if (*pp != NULL)                                               \
			free_fn(*pp);                                          \
	}                                                                      \
	struct auto_needs_semicolon_##type

/* For struct tags: AUTO_STRUCT(rows) *r = NULL. */
#define AUTO_STRUCT_DEFINE(tag, free_fn)                                   \
	static inline __attribute__((unused)) void auto_free_struct_##tag( \
	    struct tag **pp)                                               \
	{                                                                  \
		if (*pp != NULL)                                           \
			free_fn(*pp);                                      \
	}                                                                  \
	struct auto_needs_semicolon_##tag

#define AUTO(type) __attribute__((cleanup(auto_free_##type))) type
#define AUTO_STRUCT(tag) \
	__attribute__((cleanup(auto_free_struct_##tag))) struct tag

#define TAKE(p)                                \
	__extension__({                        \
		__typeof__(p) take_tmp_ = (p); \
		(p) = NULL;                    \
		take_tmp_;                     \
	})

#endif
