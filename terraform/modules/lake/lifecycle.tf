# Nothing that a generation may name ever expires. What goes: older versions, unfinished uploads, the doctor's
# objects, and logs. Inputs are read on one night and seldom after, so they move to cheaper storage.

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  bucket = aws_s3_bucket.this["lake"].bucket

  rule {
    id     = "unfinished-uploads-and-old-versions"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = var.keep_versions_days
    }
  }

  rule {
    id     = "doctor"
    status = "Enabled"

    filter {
      prefix = "${var.prefix}/doctor/"
    }

    expiration {
      days = 1
    }
  }

  dynamic "rule" {
    for_each = var.use_cases

    content {
      id     = "inbox-${rule.value}"
      status = "Enabled"

      filter {
        and {
          prefix                   = "${var.prefix}/${rule.value}/inbox/"
          object_size_greater_than = 131072 # smaller objects cost more in cheaper storage than in this one
        }
      }

      transition {
        days          = 30
        storage_class = "STANDARD_IA"
      }
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "artifacts" {
  bucket = aws_s3_bucket.this["artifacts"].bucket

  rule {
    id     = "unfinished-uploads-and-old-versions"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    noncurrent_version_expiration {
      noncurrent_days = var.keep_versions_days
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.this["logs"].bucket

  rule {
    id     = "logs"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }

    expiration {
      days = 365
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }
  }
}
