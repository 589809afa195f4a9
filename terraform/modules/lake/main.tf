# Three buckets. `lake` is the one root that nightlabel knows: data, labels and reports are prefixes of it, because
# a night is committed against one store. `artifacts` is MLflow's; `logs` takes the access logs of both.

locals {
  lake      = "${var.name}-${var.account_id}-lake"
  artifacts = "${var.name}-${var.account_id}-artifacts"
  logs      = "${var.name}-${var.account_id}-logs"
  buckets   = { lake = local.lake, artifacts = local.artifacts, logs = local.logs }
  objects   = "arn:aws:s3:::${local.lake}/${var.prefix}"
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_144:versions and the create-once rule guard against loss by error; a second region is for whoever needs it
  #checkov:skip=CKV_AWS_145:the lake is encrypted by S3's own keys, because nightlabel holds bytes against ETags, which are MD5 only then; artifacts have the place's key
  #checkov:skip=CKV2_AWS_61:each has its lifecycle, see lifecycle.tf; the rule does not follow for_each
  #checkov:skip=CKV2_AWS_62:nothing waits for events: nights are planned by listing
  for_each = local.buckets

  bucket = each.value
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.bucket

  rule {
    bucket_key_enabled = each.key == "artifacts"

    apply_server_side_encryption_by_default {
      sse_algorithm     = each.key == "artifacts" ? "aws:kms" : "AES256"
      kms_master_key_id = each.key == "artifacts" ? var.key_arn : null
    }
  }
}

resource "aws_s3_bucket_logging" "this" {
  for_each = { for name in ["lake", "artifacts"] : name => aws_s3_bucket.this[name].bucket }

  bucket        = each.value
  target_bucket = aws_s3_bucket.this["logs"].bucket
  target_prefix = "s3/${each.key}/"
}
