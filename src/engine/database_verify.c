/* database_verify.c - a database file is verified by all processors at once.
 *
 * The caller's thread reads and judges one segment after another, which needs their order, and
 * leaves their signatures to the pool in batches of a segment each. IN_FLIGHT of them are under way
 * at most; before a batch is used again its verdict is taken. A batch reaches the pool by the loop,
 * as everything does; between two of them the engine may be shut down, which ends the reading.
 * Failure: the first verdict or code that is one, after all that is under way has ended. */
#include "engine/database_verify.h"

#include "engine/engine_internal.h"
#include "group/database_check.h"

enum { IN_FLIGHT = 4 };

struct batch {
    struct loop_item item;
    uv_work_t work;
    uv_sem_t done;
    struct engine *engine;
    struct database_signatures signatures;
    HRESULT hr;
    bool started;
};

static void check_in_pool(uv_work_t *work)
{
    struct batch *batch = work->data;
    batch->hr = database_check_signatures(&batch->signatures);
}

static void checked(uv_work_t *work, int status)
{
    (void)status;
    struct batch *batch = work->data;
    uv_sem_post(&batch->done);
}

static void queue_on_loop(struct loop_item *item)
{
    struct batch *batch = (struct batch *)item;
    batch->work.data = batch;
    if (uv_queue_work(loop_uv(batch->engine->loop), &batch->work, check_in_pool, checked) == 0)
        return;
    check_in_pool(&batch->work);
    checked(&batch->work, 0);
}

static HRESULT start(struct batch *batch)
{
    if (batch->signatures.count == 0)
        return S_OK;
    HRESULT hr = engine_enter(&batch->engine);
    if (FAILED(hr))
        return hr;
    uv_sem_init(&batch->done, 0);
    batch->item.function = queue_on_loop;
    batch->started = true;
    loop_post(batch->engine->loop, &batch->item);
    return S_OK;
}

static HRESULT finish(struct batch *batch)
{
    if (!batch->started)
        return S_OK;
    batch->started = false;
    uv_sem_wait(&batch->done);
    uv_sem_destroy(&batch->done);
    engine_leave();
    return batch->hr;
}

static HRESULT check_all(struct database_reader *reader, struct database_check *check,
                         struct batch *batches, struct buffer *hashes)
{
    struct database_segment segment = {.data = BUFFER_NULL};
    HRESULT hr;
    for (size_t i = 0; (hr = database_reader_next(reader, &segment)) == S_OK; i++) {
        struct batch *batch = &batches[i % IN_FLIGHT];
        hr = finish(batch);
        if (SUCCEEDED(hr))
            hr = database_check_segment(check, buffer_view(&segment.data), &batch->signatures);
        if (SUCCEEDED(hr))
            hr = buffer_append(hashes, segment.hash.bytes, HASH_SIZE);
        if (SUCCEEDED(hr))
            hr = start(batch);
        if (FAILED(hr))
            break;
    }
    buffer_deinit(&segment.data);
    for (int i = 0; i < IN_FLIGHT; i++) {
        HRESULT last = finish(&batches[i]);
        hr = SUCCEEDED(hr) ? last : hr;
    }
    return SUCCEEDED(hr) ? database_check_end(check) : hr;
}

HRESULT database_verify(struct database_reader *reader, const char *group, struct bytes chain,
                        struct buffer *hashes)
{
    struct database_check *check = NULL;
    CLEANUP_FREE struct batch *batches = mem_calloc(IN_FLIGHT, sizeof(*batches));
    HRESULT hr = batches ? database_check_new(group, chain, &check) : E_OUTOFMEMORY;
    if (SUCCEEDED(hr))
        hr = check_all(reader, check, batches, hashes);
    database_check_free(check);
    return hr;
}
