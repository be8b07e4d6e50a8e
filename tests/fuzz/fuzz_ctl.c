/*
 * Control commands: any request lines to an engine that has something to show. Each line is a
 * request of client 1, or with "@" in front says what happens meanwhile:
 *
 *	@description TEXT  of the peer, in the configuration; as the first line
 *	@port TEXT         the access port gets this name
 *	@goodbye TEXT      the peer shuts down, with this message
 *	@move              the agent writes a contested pin again
 *	@client N          who asks from here on, 1 to 9
 *	@hangup            that client goes
 *	@wait              ten seconds
 *
 * A request has one answer, complete within its turn or, where it asks for BFD's counters, that of
 * the report; but for `watch`, which has none until its client goes. An accepted `json` is JSON,
 * strictly, in UTF-8. A refusal begins with "%". Who has hung up gets nothing. What others wrote
 * stays, whatever is asked.
 */
#include <json.h>
#include <string.h>

#include "base/check.h"
#include "base/mem.h"
#include "base/str.h"
#include "bgp/message.h"
#include "bgp/notification.h"
#include "hypervisor.h"

#define CLIENTS 10

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct asking {
	struct hypervisor h;
	uint32_t client;
	const char *line;
	struct str answer;
	bool asked;	/* a request is under way */
	unsigned ended; /* replies with `end` to it */
	int status;
	bool watching[CLIENTS];
};

static void on_reply(void *context, const struct action *a)
{
	struct asking *q = context;

	check(a->ctl.client > 0 && a->ctl.client < CLIENTS);
	check(a->ctl.size == 0 || memchr(a->ctl.text, 0, a->ctl.size) == NULL);
	if (!a->ctl.end) {
		check(q->watching[a->ctl.client] || (q->asked && a->ctl.client == q->client));
		return;
	}
	check(q->asked && a->ctl.client == q->client);
	str_add_bytes(&q->answer, a->ctl.text, a->ctl.size);
	q->ended++;
	q->status = a->ctl.status;
}

static bool wants_json(const char *line)
{
	size_t n = strlen(line);

	while (n > 0 && strchr(" \t\r", line[n - 1]) != NULL)
		n--;
	return n > 5 && memcmp(line + n - 5, " json", 5) == 0;
}

static void check_json(const struct str *text)
{
	struct json_tokener *t = json_tokener_new();
	struct json_object *o;

	json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(t, str_text(text), (int)text->size + 1);
	check(json_tokener_get_error(t) == json_tokener_success && o != NULL);
	json_object_put(o);
	json_tokener_free(t);
}

static void check_answer(struct asking *q)
{
	if (q->ended == 0) {
		check(strstr(q->line, "watch") != NULL);
		q->watching[q->client] = true;
		return;
	}
	check(q->ended == 1);
	if (q->status != 0)
		check(str_text(&q->answer)[0] == '%');
	else if (wants_json(q->line))
		check_json(&q->answer);
}

static void ask(struct asking *q, const char *line)
{
	struct event e = {.kind = EVENT_CTL_REQUEST};

	e.ctl.client = q->client;
	e.ctl.line = q->line = line;
	q->asked = true;
	q->ended = 0;
	str_clear(&q->answer);
	hypervisor_event(&q->h, &e);
	q->asked = false;
	check_answer(q);
}

/* ---- meanwhile ----------------------------------------------------------------------------- */

static void port_renamed(struct hypervisor *h, const char *name)
{
	struct sim_link *l = simkernel_link(&h->kernel, SIM_ACCESS);

	memset(l->link.name, 0, sizeof(l->link.name));
	strncpy(l->link.name, name, sizeof(l->link.name) - 1);
	simkernel_link_changed(&h->kernel, SIM_ACCESS);
	hypervisor_deliver(h);
}

static void goodbye(struct hypervisor *h, const char *text)
{
	uint8_t body[2 + 256] = {NOTIFY_CEASE, NOTIFY_CEASE_SHUTDOWN};
	size_t size = strlen(text);

	if (size > 255)
		size = 255;
	body[2] = (uint8_t)size;
	if (size > 0)
		memcpy(body + 3, text, size);
	hypervisor_peer_says(h, MESSAGE_NOTIFICATION, body, 3 + size);
}

static const struct mac contested = {{2, 0, 0, 0, 1, 2}};

static void move(struct hypervisor *h)
{
	simkernel_fdb_delete(&h->kernel, SIM_ACCESS, SIM_VLAN, &contested);
	simkernel_fdb_write(
	    &h->kernel, SIM_ACCESS, SIM_VLAN, &contested, SIM_REPLACE, NUD_NOARP, 0);
	hypervisor_deliver(h);
}

static void hang_up(struct asking *q)
{
	struct event e = {.kind = EVENT_CTL_CLOSED};

	e.ctl.client = q->client;
	q->watching[q->client] = false;
	hypervisor_event(&q->h, &e);
}

static bool is(const char *line, const char *word, const char **rest)
{
	size_t n = strlen(word);

	if (strncmp(line, word, n) != 0)
		return false;
	*rest = line + n;
	return true;
}

static void meanwhile(struct asking *q, const char *line)
{
	const char *text;

	if (is(line, "@port ", &text))
		port_renamed(&q->h, text);
	else if (is(line, "@goodbye ", &text))
		goodbye(&q->h, text);
	else if (is(line, "@move", &text))
		move(&q->h);
	else if (is(line, "@client ", &text) && *text >= '1' && *text <= '9')
		q->client = (uint32_t)(*text - '0');
	else if (is(line, "@hangup", &text))
		hang_up(q);
	else if (is(line, "@wait", &text))
		hypervisor_wait(&q->h, 10000);
}

/* ---- */

static void check_foreign(const struct hypervisor *h)
{
	const struct fdb_entry *row = simkernel_fdb(&h->kernel, SIM_BRIDGE, SIM_VLAN, &contested);

	check(row != NULL && row->port.v == SIM_ACCESS && row->nud == NUD_NOARP);
}

static void begin(struct asking *q, char *text)
{
	struct ip vtep = ip_from_u32(0x0a000001);

	q->client = 1;
	q->h.context = q;
	q->h.reply = on_reply;
	if (is(text, "@description ", (const char **)&q->h.description))
		text[strcspn(text, "\n")] = '\0';
	simkernel_init(&q->h.kernel, &vtep, 2);
	hypervisor_start(&q->h, NULL, 0);
	hypervisor_populate(&q->h);
	check_foreign(&q->h);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct asking *q = mem_new(sizeof(*q));
	char *text = mem_new(size + 1), *at = text;

	if (size > 0)
		memcpy(text, data, size);
	begin(q, text);
	if (q->h.description != NULL)
		at += strlen(at) + (strlen(at) < size);
	while (at < text + size) {
		char *line = at;

		at += strcspn(at, "\n");
		*at++ = '\0';
		if (line[0] == '@')
			meanwhile(q, line);
		else
			ask(q, line);
	}
	check_foreign(&q->h);
	hypervisor_free(&q->h);
	str_fini(&q->answer);
	mem_free(text);
	mem_free(q);
	return 0;
}
