/*
 * latchkey_broker.so: the three entry points of a Mosquitto 2.0 plugin (API
 * version 5), and its callbacks.  All of them run on the broker's one
 * thread, so none may block; whoever is in doubt is denied.  Its
 * options are those of plugin/options, which docs/broker.md explains.
 *
 * The listener needs require_certificate true, allow_anonymous false, and
 * neither use_identity_as_username nor use_subject_as_username, with which
 * the broker would not ask us; per_listener_settings true would stop the
 * tick, and with it every cut.
 */
#ifndef PLUGIN_PLUGIN_H
#define PLUGIN_PLUGIN_H

/* In this order: this version's plugin header includes neither. */
#include <mosquitto.h>
#include <mosquitto_broker.h>
#include <mosquitto_plugin.h>

#endif
