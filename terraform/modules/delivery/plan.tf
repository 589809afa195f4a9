# A plan reads how the account is made, and no data: no object but the place's state, no secret, no log, no image.
# It runs on pull requests, so whoever may push a branch has these rights.

locals {
  state = { for environment in keys(var.places) : environment => "arn:aws:s3:::${var.state_bucket}/nightlabel/${environment}.tfstate" }

  read_state = { for environment, state in local.state : environment => [
    {
      Sid      = "FindTheState"
      Effect   = "Allow"
      Action   = "s3:ListBucket"
      Resource = "arn:aws:s3:::${var.state_bucket}"
    },
    {
      Sid      = "ReadTheState"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = state
    },
    {
      Sid      = "LockTheState"
      Effect   = "Allow"
      Action   = ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"]
      Resource = "${state}.tflock"
    },
  ] }

  # The managed policy below reads data too.
  no_data = { for environment, state in local.state : environment => [
    {
      Sid         = "NoObjects"
      Effect      = "Deny"
      Action      = ["s3:GetObject", "s3:GetObjectTorrent", "s3:GetObjectVersion", "s3:GetObjectVersionTorrent"]
      NotResource = [state, "${state}.tflock"]
    },
    {
      Sid    = "NoSecretsNoLogsNoImages"
      Effect = "Deny"
      Action = [
        "ecr:GetDownloadUrlForLayer",
        "logs:FilterLogEvents",
        "logs:GetLogEvents",
        "logs:GetLogRecord",
        "logs:GetQueryResults",
        "logs:StartLiveTail",
        "logs:StartQuery",
        "logs:Unmask",
        "rds:DownloadCompleteDBLogFile",
        "rds:DownloadDBLogFilePortion",
        "secretsmanager:BatchGetSecretValue",
        "secretsmanager:GetSecretValue",
        "ssm:GetParameter",
        "ssm:GetParameterHistory",
        "ssm:GetParameters",
        "ssm:GetParametersByPath",
      ]
      Resource = "*"
    },
  ] }
}

resource "aws_iam_role_policy" "plan" {
  for_each = aws_iam_role.plan

  name   = "state-and-no-data"
  role   = each.value.name
  policy = jsonencode({ Version = "2012-10-17", Statement = concat(local.read_state[each.key], local.no_data[each.key]) })
}

resource "aws_iam_role_policy_attachment" "read" {
  for_each = merge([for environment in keys(var.places) : {
    "${environment}-plan"  = aws_iam_role.plan[environment].name
    "${environment}-apply" = aws_iam_role.apply[environment].name
  }]...)

  role       = each.value
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
}
