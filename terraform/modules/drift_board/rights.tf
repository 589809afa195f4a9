# What the machine may do, and who may look at the board.

resource "aws_secretsmanager_secret" "users" {
  #checkov:skip=CKV2_AWS_57:these are people's passwords; people change them
  name                    = "${var.name}/drift/users"
  description             = "Who may look at the drift board: an object of names and passwords"
  kms_key_id              = var.key_arn
  recovery_window_in_days = 7
}

resource "aws_iam_instance_profile" "this" {
  name = "${var.name}-drift"
  role = aws_iam_role.this.name
}

resource "aws_iam_role" "this" {
  name                 = "${var.name}-drift"
  permissions_boundary = var.boundary_arn

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# People get onto the machine by Session Manager, which needs no open port and no key.
resource "aws_iam_role_policy_attachment" "session" {
  role       = aws_iam_role.this.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
}

resource "aws_iam_role_policy" "this" {
  name = "board"
  role = aws_iam_role.this.name

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "ListTheNights"
        Effect    = "Allow"
        Action    = "s3:ListBucket"
        Resource  = "arn:aws:s3:::${var.bucket}"
        Condition = { StringLike = { "s3:prefix" = [for folder in local.folders : "${folder}/*"] } }
      },
      {
        Sid      = "ReadTheNights"
        Effect   = "Allow"
        Action   = "s3:GetObject"
        Resource = [for folder in local.folders : "arn:aws:s3:::${var.bucket}/${folder}/*"]
      },
      {
        Sid      = "Users"
        Effect   = "Allow"
        Action   = "secretsmanager:GetSecretValue"
        Resource = "arn:aws:secretsmanager:${var.region}:${var.account_id}:secret:${var.name}/drift/users-??????"
      },
      {
        Sid       = "KeyOfTheUsers"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = var.key_arn
        Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.region}.amazonaws.com" } }
      },
      {
        Sid      = "SignInToTheRegistry"
        Effect   = "Allow"
        Action   = "ecr:GetAuthorizationToken"
        Resource = "*"
      },
      {
        Sid      = "Image"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = "arn:aws:ecr:${var.region}:${var.account_id}:repository/${var.name}/train"
      },
    ]
  })
}
