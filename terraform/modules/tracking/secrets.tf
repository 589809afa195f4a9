# Passwords that Terraform makes and forgets: they are written once and are in no state and no plan. A higher
# secrets_version makes new ones, and the server starts anew with them.

locals {
  secrets = {
    database = "MLflow's database"
    admin    = "MLflow's first user, admin; the pods sign in as it until you make others"
    session  = "what MLflow signs its forms with"
  }
}

ephemeral "random_password" "this" {
  for_each = local.secrets

  length  = 40
  special = false # it stands in addresses and environments
}

resource "aws_secretsmanager_secret" "this" {
  #checkov:skip=CKV2_AWS_57:a password that changes by itself would take the running server's connections away; secrets_version changes it together with the server
  for_each = local.secrets

  name                    = "${var.name}/mlflow/${each.key}"
  description             = each.value
  kms_key_id              = var.key_arn
  recovery_window_in_days = 7
}

resource "aws_secretsmanager_secret_version" "this" {
  for_each = aws_secretsmanager_secret.this

  secret_id                = each.value.id
  secret_string_wo         = ephemeral.random_password.this[each.key].result
  secret_string_wo_version = var.secrets_version
}
