# Who comes: runs of one repository's workflows, by environments that are named to the letter. Who may use an
# environment, and whose yes it waits for, GitHub is told by delivery/repository.py.

locals {
  github = "token.actions.githubusercontent.com"

  subjects = {
    plan  = { for environment in keys(var.places) : environment => "repo:${var.repository}:environment:infra-${environment}-plan" }
    apply = { for environment in keys(var.places) : environment => "repo:${var.repository}:environment:infra-${environment}" }
  }
}

# One for the whole account: AWS allows no second one.
resource "aws_iam_openid_connect_provider" "github" {
  url            = "https://${local.github}"
  client_id_list = ["sts.amazonaws.com"]

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_iam_role" "plan" {
  for_each = var.places

  name                 = "${var.name}-${each.key}-plan"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OneEnvironment"
      Effect    = "Allow"
      Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "${local.github}:aud" = "sts.amazonaws.com"
        "${local.github}:sub" = local.subjects.plan[each.key]
      } }
    }]
  })
}

resource "aws_iam_role" "apply" {
  for_each = var.places

  name                 = "${var.name}-${each.key}-apply"
  max_session_duration = 3600

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OneEnvironment"
      Effect    = "Allow"
      Principal = { Federated = aws_iam_openid_connect_provider.github.arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = { StringEquals = {
        "${local.github}:aud" = "sts.amazonaws.com"
        "${local.github}:sub" = local.subjects.apply[each.key]
      } }
    }]
  })
}
