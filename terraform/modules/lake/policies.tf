# What nobody may do, whatever a role allows: S3 has no right to write that is not also one to write over, so the
# bucket itself asks for If-None-Match wherever a night writes.

locals {
  tls_only = { for name, bucket in local.buckets : name => [
    {
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::${bucket}", "arn:aws:s3:::${bucket}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    },
    {
      Sid       = "NoOldTls"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = ["arn:aws:s3:::${bucket}", "arn:aws:s3:::${bucket}/*"]
      Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
    },
  ] }

  # Results of experiments and reports are written again when a step runs again; inputs are their writers'; a
  # checkpoint of the table says again what its commits say, and engines write it over.
  written_over = flatten([
    "${local.objects}/doctor/*",
    "${local.objects}/dvc/*",
    [for use_case in var.use_cases : [
      "${local.objects}/${use_case}/data/*",
      "${local.objects}/${use_case}/drift/*",
      "${local.objects}/${use_case}/experiments/*",
      "${local.objects}/${use_case}/inbox/*",
      "${local.objects}/${use_case}/labels/_delta_log/*.checkpoint*.parquet",
      "${local.objects}/${use_case}/labels/_delta_log/_last_checkpoint",
    ]],
  ])

  kept = [
    {
      Sid         = "CreateOnce"
      Effect      = "Deny"
      Principal   = "*"
      Action      = "s3:PutObject"
      NotResource = local.written_over
      Condition = {
        Null = { "s3:if-none-match" = "true" }
        Bool = { "s3:ObjectCreationOperation" = "true" }
      }
    },
    {
      Sid         = "DeletedByTheCleanerAlone"
      Effect      = "Deny"
      Principal   = "*"
      Action      = "s3:DeleteObject"
      NotResource = ["${local.objects}/doctor/*"]
      Condition   = { ArnNotEquals = { "aws:PrincipalArn" = var.cleaner_role_arn } }
    },
    {
      Sid       = "VersionsGoByAgeAlone"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:DeleteObjectVersion"
      Resource  = "arn:aws:s3:::${local.lake}/*"
    },
  ]

  inbox = length(var.inbox_writers) == 0 ? [] : [{
    Sid       = "InboxWriters"
    Effect    = "Allow"
    Principal = { AWS = var.inbox_writers }
    Action    = "s3:PutObject"
    Resource  = [for use_case in var.use_cases : "${local.objects}/${use_case}/inbox/*"]
  }]

  log_senders = [
    {
      Sid       = "AccessLogsOfTheBuckets"
      Effect    = "Allow"
      Principal = { Service = "logging.s3.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "arn:aws:s3:::${local.logs}/s3/*"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    },
    {
      Sid       = "AccessLogsOfTheEntrance"
      Effect    = "Allow"
      Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
      Action    = "s3:PutObject"
      Resource  = "arn:aws:s3:::${local.logs}/entrance/AWSLogs/${var.account_id}/*"
    },
  ]

  policies = {
    lake      = concat(local.tls_only.lake, local.kept, local.inbox)
    artifacts = local.tls_only.artifacts
    logs      = concat(local.tls_only.logs, local.log_senders)
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket
  policy = jsonencode({ Version = "2012-10-17", Statement = local.policies[each.key] })

  depends_on = [aws_s3_bucket_public_access_block.this]
}
