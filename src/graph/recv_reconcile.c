/* recv_reconcile.c - RECONCILE and SYNC_END: questions about ranges, and answers to ours.
 *
 * A question is answered without remembering anything: equal, the own list when it is short, else
 * "different". A list in either direction settles its range at once. Answers must fit what was
 * asked; a range that was never asked, or that does not shrink, is the neighbour's fault. Each
 * neighbour has a budget of elements looked at for its questions; who has used it up is not read
 * until it has grown again. */
#include "graph/graph_internal.h"

static struct store_key key_of(const struct range_bound *bound)
{
    return (struct store_key){bound->modified, bound->id};
}

enum { WORK_BURST = 4 /* budgets of a minute: a session looks at everything several times */ };

/* Twice the own records and WORK_PER_MINUTE grow a minute. */
static HRESULT refill(struct graph *graph, struct neighbour *neighbour)
{
    struct store *store = graph->config.store;
    if (graph->elements == 0) {
        HRESULT hr = store->ops->count(store, graph_time(graph), &graph->elements);
        if (FAILED(hr))
            return hr;
    }
    int64_t minute = (int64_t)(2 * graph->elements + WORK_PER_MINUTE);
    uint64_t passed = graph->now.ms - neighbour->budget_ms;
    passed = passed < 60000 ? passed : 60000;
    neighbour->budget += minute * (int64_t)passed / 60000;
    if (!neighbour->has_budget || neighbour->budget > WORK_BURST * minute)
        neighbour->budget = WORK_BURST * minute;
    neighbour->has_budget = true;
    neighbour->budget_ms = graph->now.ms;
    return S_OK;
}

static HRESULT spend(struct graph *graph, struct neighbour *neighbour, uint64_t elements)
{
    neighbour->budget -= (int64_t)elements;
    if (neighbour->budget > 0)
        return S_OK;
    neighbour->exhausted = true;
    return pause_update(graph, neighbour);
}

HRESULT reconcile_rest(struct graph *graph, struct neighbour *neighbour)
{
    if (!neighbour->exhausted || graph->now.ms < neighbour->budget_ms + BUDGET_LOOK_MS)
        return S_OK;
    HRESULT hr = refill(graph, neighbour);
    if (FAILED(hr) || neighbour->budget <= 0)
        return hr;
    neighbour->exhausted = false;
    return pause_update(graph, neighbour);
}

static HRESULT answer_fingerprint(struct graph *graph, struct neighbour *neighbour,
                                  uint64_t horizon, struct range *range)
{
    const struct store_key lower = key_of(&range->lower), upper = key_of(&range->upper);
    const struct span span = {&lower, &upper, horizon};
    struct fingerprint asked = range->sum, sum;
    uint64_t asked_count = range->count, count;
    HRESULT hr = range_fingerprint(graph, neighbour->fingerprint_key, &span, &sum, &count);
    if (FAILED(hr))
        return hr;
    graph->work += count;
    if (count == asked_count && fingerprint_equal(&sum, &asked)) {
        range->mode = RANGE_EQUAL;
        return S_OK;
    }
    bool complete;
    hr = range_list(graph, &span, range, &complete);
    if (SUCCEEDED(hr) && !complete) {
        range->mode = RANGE_DIFFERENT;
        range->count = count;
    }
    return hr;
}

static HRESULT answer_range(struct graph *graph, struct neighbour *neighbour,
                            const struct message_reconcile *head, struct range *range)
{
    if (range->mode == RANGE_FINGERPRINT)
        return answer_fingerprint(graph, neighbour, head->horizon, range);
    if (range->mode != RANGE_ITEMS)
        return PEER_E_INVALID_RECORD;
    HRESULT hr = reconcile_items(graph, neighbour, range, head->horizon);
    range->mode = RANGE_EQUAL;
    return hr;
}

static HRESULT answer(struct graph *graph, struct neighbour *neighbour,
                      const struct message_reconcile *head, struct message_list *list,
                      struct range *range)
{
    struct message_reconcile reply = {
        .session = head->session, .answer = true, .horizon = head->horizon};
    struct buffer out = BUFFER_NULL;
    struct wire_writer writer;
    struct store_key last = {.modified = 0};
    wire_writer_init(&writer, &out);
    size_t begin = message_begin_reconcile(&writer, &reply, list->left);
    HRESULT hr = refill(graph, neighbour);
    graph->work = 0;
    while (SUCCEEDED(hr) && message_next_range(list, range)) {
        struct store_key lower = key_of(&range->lower);
        graph->work += ITEMS_MAX;
        /* Ranges that overlap would make one message cost any multiple of the whole. */
        hr = store_key_compare(&lower, &last) < 0 ? PEER_E_INVALID_RECORD : S_OK;
        last = key_of(&range->upper);
        if (SUCCEEDED(hr))
            hr = answer_range(graph, neighbour, head, range);
        if (SUCCEEDED(hr))
            message_write_range(&writer, range);
    }
    if (SUCCEEDED(hr) && !message_list_done(list))
        hr = PEER_E_INVALID_RECORD;
    if (SUCCEEDED(hr))
        hr = message_end(&writer, begin);
    if (SUCCEEDED(hr))
        hr = buffer_append(&neighbour->out, out.data, out.size);
    graph->counters.reconcile_bytes += out.size;
    buffer_deinit(&out);
    return SUCCEEDED(hr) ? spend(graph, neighbour, graph->work) : hr;
}

/* The answer to one range of ours: the same bounds, and nothing but "equal" to a list. */
static HRESULT take_range(struct graph *graph, struct neighbour *neighbour,
                          const struct range_pair *asked, const struct range *range)
{
    struct sync *sync = neighbour->sync;
    struct store_key lower = key_of(&range->lower), upper = key_of(&range->upper);
    if (store_key_compare(&lower, &asked->lower) != 0 ||
        store_key_compare(&upper, &asked->upper) != 0)
        return PEER_E_INVALID_RECORD;
    if (range->mode == RANGE_EQUAL)
        return S_OK;
    if (asked->listed)
        return PEER_E_INVALID_RECORD;
    if (range->mode == RANGE_ITEMS)
        return reconcile_items(graph, neighbour, range, sync->horizon);
    if (range->mode == RANGE_DIFFERENT)
        return reconcile_split(graph, sync, &lower, &upper);
    return PEER_E_INVALID_RECORD;
}

static HRESULT take_answer(struct graph *graph, struct neighbour *neighbour,
                           const struct message_reconcile *head, struct message_list *list,
                           struct range *range)
{
    struct sync *sync = neighbour->sync;
    if (!sync || sync->session != head->session)
        return S_OK;
    if (sync->asked_count == 0 || sync->asked_count != list->left || sync->horizon != head->horizon)
        return PEER_E_INVALID_RECORD;
    sync->progress_ms = graph->now.ms;
    HRESULT hr = S_OK;
    for (uint32_t i = 0; SUCCEEDED(hr) && message_next_range(list, range); i++)
        hr = take_range(graph, neighbour, &sync->asked[i], range);
    if (SUCCEEDED(hr) && !message_list_done(list))
        hr = PEER_E_INVALID_RECORD;
    return SUCCEEDED(hr) ? reconcile_ask(graph, neighbour) : hr;
}

HRESULT recv_reconcile(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    struct message_reconcile head;
    struct message_list list;
    HRESULT hr = message_decode_reconcile(body, &head, &list);
    if (FAILED(hr))
        return hr;
    struct range *range = mem_alloc(sizeof(*range));
    if (!range)
        return E_OUTOFMEMORY;
    neighbour->serving = neighbour->serving || !head.answer;
    hr = head.answer ? take_answer(graph, neighbour, &head, &list, range)
                     : answer(graph, neighbour, &head, &list, range);
    mem_free(range);
    return hr;
}

HRESULT recv_sync_end(struct graph *graph, struct neighbour *neighbour, struct bytes body)
{
    struct message_sync_end end;
    HRESULT hr = message_decode_sync_end(body, &end);
    if (FAILED(hr))
        return hr;
    if (!end.answer) {
        struct job job = {.type = JOB_SYNC_END, .session = end.session};
        return job_add(neighbour, &job);
    }
    /* The answer to a session that was given up comes late. */
    if (!neighbour->sync || neighbour->sync->session != end.session)
        return S_OK;
    if (!neighbour->sync->end_sent)
        return PEER_E_INVALID_RECORD;
    if (neighbour->sync->asked_more) {
        neighbour->sync->asked_more = false;
        return message_encode_sync_end(&(struct message_sync_end){.session = end.session},
                                       &neighbour->out);
    }
    neighbour->sync->end_came = true;
    return reconcile_check_end(graph, neighbour);
}
