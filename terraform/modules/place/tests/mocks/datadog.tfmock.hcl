mock_resource "datadog_monitor" {
  defaults = { id = "1234567" }
}
