/* Does a name select the cloud that ruling 18 says, with its errors? A fake list stands for the
 * machine's interfaces. */
#include "support/test.h"

#include "cloud/cloud.h"

static const struct cloud_info machine[] = {
    {.name = "Global_", .scope = CLOUD_SCOPE_GLOBAL},
    {.name = "LinkLocal_eth0", .scope = CLOUD_SCOPE_LINK_LOCAL, .scope_id = 2},
    {.name = "LinkLocal_eth01", .scope = CLOUD_SCOPE_LINK_LOCAL, .scope_id = 3},
    {.name = "LinkLocal_wlan0", .scope = CLOUD_SCOPE_LINK_LOCAL, .scope_id = 4},
};
static size_t machine_size = ARRAY_SIZE(machine);

static HRESULT fake_list(struct cloud *cloud, cloud_visitor visit, void *context)
{
    (void)cloud;
    HRESULT hr = S_OK;
    for (size_t i = 0; i < machine_size && hr == S_OK; i++)
        hr = visit(context, &machine[i]);
    return hr;
}

static const struct cloud_ops fake_ops = {.list = fake_list};
static struct cloud fake = {.ops = &fake_ops};

static void test_select(void **state)
{
    (void)state;
    struct cloud_info info;
    assert_ok(cloud_select(&fake, NULL, &info));
    assert_string_equal(info.name, "Global_");
    assert_ok(cloud_select(&fake, "LinkLocal_w", &info));
    assert_int_equal(info.scope_id, 4);
    assert_ok(cloud_select(&fake, "LinkLocal_eth0", &info));
    assert_int_equal(info.scope_id, 2);
    assert_hr(cloud_select(&fake, "LinkLocal_", &info), PEER_E_CLOUD_NAME_AMBIGUOUS);
    assert_hr(cloud_select(&fake, "LinkLocal_e", &info), PEER_E_CLOUD_NAME_AMBIGUOUS);
    assert_hr(cloud_select(&fake, "linklocal_w", &info), PEER_E_NO_CLOUD);
    assert_hr(cloud_select(&fake, "LinkLocal_tun0", &info), PEER_E_NO_CLOUD);
}

/* [point 4.3] A cloud that is not here is replaced by another of its scope. */
static void test_replace(void **state)
{
    (void)state;
    struct cloud_info info;
    assert_ok(cloud_replace(&fake, "LinkLocal_other", &info));
    assert_int_equal(info.scope, CLOUD_SCOPE_LINK_LOCAL);
    assert_ok(cloud_replace(&fake, "LinkLocal_wlan0", &info));
    assert_int_equal(info.scope_id, 4);
    assert_hr(cloud_replace(&fake, "SiteLocal_%1", &info), PEER_E_NO_CLOUD);
    machine_size = 1;
    assert_hr(cloud_replace(&fake, "LinkLocal_other", &info), PEER_E_NO_CLOUD);
    assert_ok(cloud_replace(&fake, "", &info));
    machine_size = ARRAY_SIZE(machine);
}

static void test_this_machine_has_the_global_cloud(void **state)
{
    (void)state;
    struct cloud *cloud = NULL;
    struct cloud_info info;
    assert_ok(cloud_static_new(&cloud));
    assert_ok(cloud_select(cloud, "Global_", &info));
    assert_int_equal(info.scope, CLOUD_SCOPE_GLOBAL);
    assert_hr(cloud_select(cloud, "LinkLocal_lo", &info), PEER_E_NO_CLOUD);
    cloud->ops->free(cloud);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_select),
        cmocka_unit_test(test_replace),
        cmocka_unit_test(test_this_machine_has_the_global_cloud),
    };
    return cmocka_run_group_tests_name("cloud", tests, NULL, NULL);
}
