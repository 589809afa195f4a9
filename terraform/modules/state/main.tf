# Where Terraform keeps what it knows of the account and of its places: one bucket, with S3's own lock.

locals {
  bucket  = "${var.name}-${var.account_id}-state"
  objects = "arn:aws:s3:::${local.bucket}/*"
}

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:who read or wrote a state is told by the runs of the two roles that may; a second bucket would have to be kept for it
  #checkov:skip=CKV_AWS_144:versions guard against loss by error; a second region is for whoever needs it
  #checkov:skip=CKV_AWS_145:no password is in a state (they are write-only), and a key of one's own would have to be there before this bucket
  #checkov:skip=CKV2_AWS_62:nothing waits for events
  bucket = local.bucket

  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.bucket

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.bucket
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.bucket

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.bucket

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this.bucket

  rule {
    id     = "old-versions-and-unfinished-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days           = var.keep_versions_days
      newer_noncurrent_versions = 20 # of a state that seldom changes the last ones stay, however old
    }

    expiration {
      expired_object_delete_marker = true
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket = aws_s3_bucket.this.bucket

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "TlsOnly"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::${local.bucket}", local.objects]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "NoOldTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::${local.bucket}", local.objects]
        Condition = { NumericLessThan = { "s3:TlsVersion" = "1.2" } }
      },
      {
        Sid         = "OnlyLocksAreDeleted"
        Effect      = "Deny"
        Principal   = "*"
        Action      = "s3:DeleteObject"
        NotResource = ["arn:aws:s3:::${local.bucket}/*.tflock"]
      },
      {
        Sid       = "VersionsGoByAgeAlone"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:DeleteObjectVersion"
        Resource  = local.objects
      },
    ]
  })

  depends_on = [aws_s3_bucket_public_access_block.this]
}
